// Package mime turns the bytes that stand in mail into text, well-formed or as mailers write them: encoded words
// (words.go), parameters (params.go), addresses (address.go) and dates (date.go) of header fields; transfer
// encodings (transfer.go, uuencode.go) with text below them (footer.go); charsets by all their names (charset.go,
// shifted.go), or as it seems where the name is wrong or missing (text.go, guess.go); lines and format=flowed
// (layout.go, flowed.go); URLs in text (urls.go); and HTML as a person sees it (html.go, with style.go, look.go and media.go).
//
// What can't be decoded as it is labelled is noted in [Problems]. The package knows neither messages nor servers.
package mime
