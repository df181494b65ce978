// Package stage numbers the stages that SMTP does not have. Packages pop3 and imap export them as values of type
// mailtest.Stage, which knows their names.
package stage

import "github.com/seed078e9d8c/maillab/internal/enum"

// First is the first number. Lower numbers belong to SMTP, or to all protocols.
const First = 64

// The stages of POP3 and IMAP, with their commands.
const (
	User = First + iota
	Pass
	Apop
	Capa
	Stat
	List
	Uidl
	Retr
	Top
	Dele
	Utf8
	Lang
	Capability
	Login
	Enable
	Select
	Create
	Delete
	Rename
	Subscribe
	Status
	Append
	IdleCommand
	Push
	Expunge
	Search
	Fetch
	Store
	Copy
	Move
)

// Names are the names of the stages, by number.
var Names = enum.Names{
	User: "User", Pass: "Pass", Apop: "Apop", Capa: "Capa", Stat: "Stat", List: "List", Uidl: "Uidl", Retr: "Retr", Top: "Top",
	Dele: "Dele", Utf8: "Utf8", Lang: "Lang", Capability: "Capability", Login: "Login", Enable: "Enable", Select: "Select",
	Create: "Create", Delete: "Delete", Rename: "Rename", Subscribe: "Subscribe", Status: "Status", Append: "Append",
	IdleCommand: "IdleCommand", Push: "Push", Expunge: "Expunge", Search: "Search", Fetch: "Fetch", Store: "Store", Copy: "Copy",
	Move: "Move",
}
