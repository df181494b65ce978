// Package signup is a small application that sends mail. A user who signs up gets a message with a link, and has an
// account when the link is opened. The test of the package reads the mail as the user would.
package signup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/smtp"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message/mail"
)

// ErrToken is the error for a link that was never sent, or that was opened before.
var ErrToken = errors.New("signup: this link is not, or no longer, valid")

// Shop is the application. Its fields must be set before it is used; its methods may be called from
// several goroutines.
type Shop struct {
	Mailer string // the address of the submission server, "host:port"
	From   string // the sender of its mails
	URL    string // its address on the web, without a slash at the end

	mu       sync.Mutex
	pending  map[string]string // by token: the address
	accounts map[string]bool
}

// Register sends the link to an address. The error is that of the address or of the mail server.
func (s *Shop) Register(address string) error {
	to, err := mail.ParseAddress(address)
	if err != nil {
		return fmt.Errorf("signup: register %q: %w", address, err)
	}
	token := rand.Text()
	message, err := s.welcome(to, token)
	if err != nil {
		return fmt.Errorf("signup: write the mail to %s: %w", to.Address, err)
	}
	s.expect(token, to.Address)
	if err := smtp.SendMail(s.Mailer, nil, s.From, []string{to.Address}, message); err != nil {
		return fmt.Errorf("signup: welcome %s: %w", to.Address, err)
	}
	return nil
}

// expect makes a token valid. It is called before the mail is sent, since the reader may be faster than the reply
// of the mail server. The token stays valid if sending fails, since the mail may have arrived nevertheless.
func (s *Shop) expect(token, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil {
		s.pending = make(map[string]string)
		s.accounts = make(map[string]bool)
	}
	s.pending[token] = address
}

// Confirm opens the account for the token of a link. The error is ErrToken.
func (s *Shop) Confirm(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	address, ok := s.pending[token]
	if !ok {
		return ErrToken
	}
	delete(s.pending, token)
	s.accounts[address] = true
	return nil
}

// HasAccount reports whether the link that was sent to an address has been opened.
func (s *Shop) HasAccount(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[address]
}

// welcome returns the message with the link.
func (s *Shop) welcome(to *mail.Address, token string) ([]byte, error) {
	name := to.Name
	if name == "" {
		name, _, _ = strings.Cut(to.Address, "@")
	}
	_, domain, _ := strings.Cut(s.From, "@")
	var h mail.Header
	h.SetAddressList("From", []*mail.Address{{Name: "The Shop", Address: s.From}})
	h.SetAddressList("To", []*mail.Address{to})
	h.SetSubject("Welcome, " + name)
	h.SetDate(time.Now())
	h.SetMessageID(rand.Text() + "@" + domain)
	h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	h.Set("Content-Transfer-Encoding", "8bit")
	var message bytes.Buffer
	body, err := mail.CreateSingleInlineWriter(&message, h)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(body, "Hello %s,\r\n\r\nplease open %s/confirm?token=%s to confirm your address.\r\n", name, s.URL, token)
	if err := body.Close(); err != nil {
		return nil, err
	}
	return message.Bytes(), nil
}
