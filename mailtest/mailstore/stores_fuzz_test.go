package mailstore_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// choices turns bytes into choices; without bytes, each is the first one.
type choices []byte

func (c *choices) of(words ...string) string {
	if len(*c) == 0 {
		return words[0]
	}
	b := (*c)[0]
	*c = (*c)[1:]
	return words[int(b)%len(words)]
}

func (c *choices) name() string {
	return c.of("INBOX", "a", "b", "a/b", "a/b/c", "b/a", "inbox/a", "Sent", "a.b", "ü", "a//b", "c/b")
}

func (c *choices) uid() string { return c.of("1", "2", "3", "4", "5", "6", "7", "99") }

func (c *choices) flag() string {
	return c.of(`\Seen`, `\flagged`, "foo", "FOO", "$forwarded", "bar", `\Deleted`, `\Recent`, "(bad)")
}

// command returns a line of a script.
func (c *choices) command() string {
	switch what := c.of("append", "append", "remove", "set", "change", "create", "delete", "rename", "subscribe", "unsubscribe", "renumber", "reopen"); what {
	case "append":
		return fmt.Sprintf("append %s %s %s", c.name(), c.flag(), c.flag())
	case "remove":
		return fmt.Sprintf("remove %s %s %s", c.name(), c.uid(), c.uid())
	case "set":
		return fmt.Sprintf("set %s %s %s %s", c.name(), c.uid(), c.flag(), c.flag())
	case "change":
		return fmt.Sprintf("change %s %s %s +%s -%s", c.name(), c.uid(), c.uid(), c.flag(), c.flag())
	case "rename":
		return fmt.Sprintf("rename %s %s", c.name(), c.name())
	case "reopen":
		return what
	default:
		return what + " " + c.name()
	}
}

// FuzzStores does the same things to a Memory and to a Maildir, and compares all that can be seen.
func FuzzStores(f *testing.F) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 150)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1000 {
			return
		}
		dir := machine.TempDir(t)
		memory, disk := newScript(t, new(mailstore.Memory)), newScript(t, openMaildir(t, dir))
		var history []string
		both := func(command string) string {
			t.Helper()
			want, got := memory.do(fields(command)), disk.do(fields(command))
			if got != want {
				t.Fatalf("%s\n%s: the Maildir says %s, the Memory says %s", strings.Join(history, "\n"), command, got, want)
			}
			return want
		}
		for c := choices(data); len(c) > 0; {
			command := c.command()
			history = append(history, command)
			if command == "reopen" {
				disk.account = accountOf(t, openMaildir(t, dir), "bob")
				continue
			}
			both(command)
			both("list-special")
			for _, name := range strings.Fields(both("list")) {
				name = strings.Trim(name, "+?")
				both("messages " + name)
				both("status " + name)
				both("validity " + name)
			}
		}
	})
}
