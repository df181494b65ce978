package main

// The time of go test for the library itself.

import (
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tested has the packages of the library whose tests are timed: those that it had before POP3, IMAP, pages and the sandbox, so
// that the time can be compared with that of earlier versions.
var tested = strings.Fields(`./examples ./examples/offline ./examples/outbound ./examples/signup
	./internal/artifact ./internal/elapsed ./internal/golden ./internal/loopback ./internal/memnet ./internal/program ./internal/sasl
	./internal/testca ./internal/wire ./internal/zone
	./mailtest ./mailtest/internal/charsetglobal ./mailtest/lint ./mailtest/mailauth ./mailtest/mailbox ./mxmock ./mxmock/provider`)

// printGoTest prints how long go test takes, linking included, in each round. Tests that compare with other programs are skipped: the
// PATH has only /usr/bin and the folder of the go command. As root, with the command unshare, /usr/sbin is empty too.
func printGoTest(w io.Writer, rounds int) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/seed078e9d8c/maillab").Output()
	if err != nil {
		log.Fatalf("find the library: %v", err)
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		log.Fatal(err)
	}
	args := append([]string{tool, "test", "-count=1"}, tested...)
	if unshare, err := exec.LookPath("unshare"); err == nil && os.Geteuid() == 0 {
		args = append([]string{unshare, "-m", "sh", "-c", `mount -t tmpfs none /usr/sbin && exec "$@"`, "sh"}, args...)
	}
	env := []string{"PATH=" + filepath.Dir(tool) + ":/usr/bin"}
	for _, v := range os.Environ() {
		switch name, _, _ := strings.Cut(v, "="); name {
		case "PATH", "MAIL_SERVERS", "NODE_PATH":
		default:
			env = append(env, v)
		}
	}
	for round := range rounds + 1 { // the first one compiles
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = strings.TrimSpace(string(dir)), env
		begin := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			log.Fatalf("go test: %v\n%s", err, out)
		}
		if round == 0 {
			continue
		}
		fmt.Fprintf(w, "go test of %d packages: %.1f s; processor time: user %.1f s, system %.1f s\n", len(tested),
			time.Since(begin).Seconds(), cmd.ProcessState.UserTime().Seconds(), cmd.ProcessState.SystemTime().Seconds())
	}
}
