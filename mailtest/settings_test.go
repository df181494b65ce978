package mailtest_test

import (
	"net/smtp"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Rules may come before the settings: giving a rule is no use of the server.
func TestSettingsBehindRules(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Noop, Reply: "250 2.0.0 Still here"})
	srv.Name, srv.StartTLS = "mx1.qq.com", true
	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(srv.ClientTLS()); err != nil {
		t.Errorf("STARTTLS: %v", err)
	}
}
