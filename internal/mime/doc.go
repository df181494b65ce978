// Package mime reads the bytes of mail, well-formed or as mailers write them. [Read] reads a message (mail.go): its tree of
// parts (tree.go, boundary.go) with what their headers say (header.go, part.go), and which of them are the body and
// which are attachments (body.go).
//
// Below that are encoded words (words.go), parameters (params.go), addresses (address.go) and dates (date.go) of header
// fields, and paths of SMTP commands (path.go); transfer encodings (transfer.go, uuencode.go) with text below them
// (footer.go); charsets by all their names (charset.go, shifted.go), or as it seems where the name is wrong or missing
// (text.go, guess.go); lines and format=flowed (layout.go). URLs in text (urls.go), HTML as a person sees it (html.go,
// with style.go and look.go), and delivery status notifications (report.go) are read when somebody asks for them.
//
// What can't be decoded as it is labelled is noted in [Problems]. The package knows neither servers nor tests.
package mime
