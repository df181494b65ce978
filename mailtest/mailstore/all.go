package mailstore

// All mail in one mailbox.

import "fmt"

// All returns a source with the users of src, all of whom have one and the same account: its INBOX gets all mail, whoever
// it is for. The store of src must have a method
//
//	All() (Account, error)
//
// that returns this account, as a [Memory] and what a mailtest.Server has captured do. For any other, Account returns an
// error.
func All(src Source) Source { return everything{src} }

// everything is the source of [All], and its store.
type everything struct{ Source }

func (e everything) Mailboxes() Store { return e }

func (e everything) Users() map[string]string { return e.Source.Mailboxes().Users() }

func (e everything) Account(string) (Account, error) {
	store := e.Source.Mailboxes()
	if s, ok := store.(interface{ All() (Account, error) }); ok {
		return s.All()
	}
	return nil, fmt.Errorf("mailstore: a %T has no account with all mail", store)
}
