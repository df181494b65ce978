package mailstore

// The source that shows all mail in one mailbox.

import "fmt"

// All returns a source with the users of src, who all share one account. Its INBOX gets all mail, for any
// recipient. The store of src must have a method
//
//	All() (Account, error)
//
// that returns this account, as a [Memory] and the store of a mailtest.Server have. For any other store, Account
// returns an error.
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
