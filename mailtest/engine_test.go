package mailtest_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// What go-smtp can't do by itself and this server can, where no dialogue in testdata shows it.

// A rule that words the acceptance of MAIL anew does not break the transaction, and a client that
// falls silent for a day in the middle of its message goes on where it was: no line of it is taken
// for a command.
func TestEngineLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "250 2.1.0 Roger"})
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		err = dialogue.Play(conn, `
s <- 220 *
c -> EHLO client.example
s <~ 250 *
c -> MAIL FROM:<a@b.example>
s <- 250 2.1.0 Roger
c -> RCPT TO:<c@d.example>
s <- 250 *
c -> DATA
s <- 354 *
c -> Subject: x
c .. 24h
c -> QUIT
c -> .
s <- 250 *
c -> QUIT
s <- 221 *
`)
		if err != nil {
			t.Error(err)
		}
		if got, want := string(srv.Next(t).Raw), "Subject: x\r\nQUIT\r\n"; got != want {
			t.Errorf("message = %q, want %q", got, want)
		}
	})
}

// silent makes TestSilentServer run, in a process of its own.
const silent = "MAILTEST_SILENT_SERVER"

// TestSilentServer is run by TestStderr: a server among clients that break off.
func TestSilentServer(t *testing.T) {
	if os.Getenv(silent) == "" {
		t.Skip("it is run by TestStderr, in a process of its own")
	}
	srv := mailtest.New(t)
	for _, said := range []string{"", "EH", "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhalf a mess", "\xff\x00\r\n"} {
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(said))
		conn.(interface{ SetLinger(int) error }).SetLinger(0)
		conn.Close()
	}
}

// The server writes nothing to the standard error of the process, whatever its clients do.
func TestStderr(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSilentServer$")
	cmd.Env = append(os.Environ(), silent+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "PASS\n" {
		t.Errorf("output = %q, %v, want PASS alone", out, err)
	}
}

// A goroutine that is bound to its thread, as those are that enter a network namespace, can dial.
func TestDialFromLockedThread(t *testing.T) {
	t.Parallel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	srv := mailtest.New(t)
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := dialogue.Play(conn, begun("@sent\nc -> QUIT\ns <- 221 *\n")); err != nil {
		t.Error(err)
	}
	srv.Next(t)
}
