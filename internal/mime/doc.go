// Package mime decodes mail, well-formed or as mailers write it. [Read] decodes a message (mail.go): the tree of its
// parts (tree.go, boundary.go), the values of their headers (header.go, part.go), and which parts are the body and
// which are attachments (body.go).
//
// Other files decode what a message consists of: encoded words (words.go), parameters (params.go), addresses
// (address.go) and dates (date.go) of header fields, and paths of SMTP commands (path.go); transfer encodings
// (transfer.go, uuencode.go) with text appended to them (footer.go); charsets by all their names (charset.go,
// shifted.go), or by a guess if the name is wrong or missing (text.go, guess.go); lines and format=flowed (layout.go).
// Callers ask separately for URLs in text (urls.go), for HTML as a person sees it (html.go, with style.go and look.go),
// and for delivery status notifications (report.go).
//
// What can't be decoded as labelled is reported in [Problems]. The package knows neither servers nor tests.
package mime
