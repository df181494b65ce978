package mxmock_test

// Resolvers that know nothing but root hints walk down the tree, in a network namespace of their own.

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// inWalk is set in the process that has the namespace.
const inWalk = "MXMOCK_IN_WALK"

func TestWalk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("the program ip (package iproute2) is needed")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInWalk$", "-test.v")
	cmd.Env = append(os.Environ(), inWalk+"="+machine.TempDir(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Skipf("no namespaces here: %v", err)
	}
	t.Logf("in the namespace:\n%s", out)
	if err != nil {
		t.Error(err)
	}
}

// TestInWalk is what TestWalk runs.
func TestInWalk(t *testing.T) {
	if os.Getenv(inWalk) == "" {
		t.Skip("run by TestWalk")
	}
	for _, command := range []string{"link set lo up", "route add local 203.0.113.0/24 dev lo", "addr add 203.0.113.254/32 dev lo"} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", command, err, out)
		}
	}
	inet := mxmock.New(t)
	inet.Networks = []string{"203.0.113.0/24"}
	inet.MX("plain.example.com", "mx1.plain.example.com")
	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	inet.MX("163.com", "mx1.163.com")
	inet.Secure("163.com")
	inet.MX("sina.com", "mx1.sina.com")
	inet.Secure("sina.com", mxmock.ExpiredSignatures)
	hints := inet.RootHints()
	inet.MX("later.co.uk", "mx1.later.co.uk") // follows
	inet.Secure("later.co.uk", mxmock.NSEC3)
	if err := inet.AddZone("alias.net. CNAME qq.com.\nown.org. NS a.root-servers.net.\nown.org. TXT x\n"); err == nil {
		t.Fatal("an alias at the apex of a zone is taken")
	}
	if err := inet.AddZone("www.alias.net. CNAME mx1.qq.com.\nown.org. NS a.root-servers.net.\nown.org. TXT x\n"); err != nil {
		t.Fatal(err)
	}
	if err := inet.ListenHosts(nil); err != nil {
		t.Fatal(err)
	}
	questions := []struct {
		name         string
		typ          uint16
		answers      int
		secure, fake bool
	}{
		{"qq.com.", dns.TypeMX, 2, false, false},
		{"mx2.qq.com.", dns.TypeA, 1, false, false},
		{"plain.example.com.", dns.TypeMX, 1, false, false},
		{"163.com.", dns.TypeMX, 1, true, false},
		{"mx1.163.com.", dns.TypeA, 1, true, false},
		{"sina.com.", dns.TypeMX, 1, false, true},
		{"later.co.uk.", dns.TypeMX, 1, true, false},
		{"www.alias.net.", dns.TypeA, 2, false, false},
		{"own.org.", dns.TypeTXT, 1, false, false},
		{"nothing.qq.com.", dns.TypeA, 0, false, false},
		{"nowhere.invalid.", dns.TypeA, 0, false, false},
	}
	for _, resolver := range []struct {
		name, config, file string
		start              func(program, dir string) *exec.Cmd
		ready              string
	}{
		{"unbound", unboundIterating, "unbound.conf", func(program, dir string) *exec.Cmd {
			return exec.Command(program, "-d", "-c", filepath.Join(dir, "unbound.conf"))
		}, "start of service"},
		{"named", namedIterating, "named.conf", func(program, dir string) *exec.Cmd {
			return exec.Command(program, "-g", "-4", "-c", filepath.Join(dir, "named.conf"))
		}, "all zones loaded"},
	} {
		for _, validating := range []bool{false, true} {
			t.Run(fmt.Sprint(resolver.name, " validating ", validating), func(t *testing.T) {
				path := program.Find(t, resolver.name)
				dir := machine.TempDir(t)
				addr := program.FreeAddr(t)
				host, port, _ := net.SplitHostPort(addr)
				anchor, validation := inet.TrustAnchorDS(), "yes"
				fields := strings.Fields(anchor)
				if !validating {
					validation = "no"
				}
				text := strings.NewReplacer("DIR", dir, "HOST", host, "PORT", port, "VALIDATE", validation, "ANCHOR", anchor,
					"DS", fmt.Sprintf(`%s %s %s "%s"`, fields[4], fields[5], fields[6], strings.Join(fields[7:], ""))).Replace(resolver.config)
				if !validating {
					text = strings.Replace(text, `module-config: "validator iterator"`, `module-config: "iterator"`, 1)
				}
				for name, content := range map[string]string{"root.hints": hints, resolver.file: text} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				program.Start(t, resolver.start(path, dir), resolver.ready)
				for _, q := range questions {
					m := new(dns.Msg).SetQuestion(q.name, q.typ)
					m.SetEdns0(1232, false)
					m.AuthenticatedData = true
					r, _, err := (&dns.Client{Timeout: guardOfWalk}).Exchange(m, addr)
					if err != nil {
						t.Errorf("%s: %v", q.name, err)
						continue
					}
					wantRcode, wantAnswers := dns.RcodeSuccess, q.answers
					switch {
					case q.fake && validating:
						wantRcode, wantAnswers = dns.RcodeServerFailure, 0
					case q.answers == 0:
						wantRcode = dns.RcodeNameError
					}
					if r.Rcode != wantRcode || len(r.Answer) != wantAnswers || r.AuthenticatedData != (q.secure && validating) && q.answers > 0 {
						t.Errorf("%s %s: got %s, %d answers, AD %v, want %s, %d, %v", q.name, dns.TypeToString[q.typ], dns.RcodeToString[r.Rcode],
							len(r.Answer), r.AuthenticatedData, dns.RcodeToString[wantRcode], wantAnswers, q.secure && validating)
					}
				}
			})
		}
	}
}

// guardOfWalk is how long a resolver may take, which asks more than once.
const guardOfWalk = 20 * time.Second

const unboundIterating = `
server:
	verbosity: 1
	use-syslog: no
	logfile: ""
	do-daemonize: no
	do-ip6: no
	chroot: ""
	username: ""
	directory: "DIR"
	pidfile: "DIR/pid"
	interface: HOST@PORT
	root-hints: "DIR/root.hints"
	num-threads: 1
	module-config: "validator iterator"
	trust-anchor: "ANCHOR"
remote-control:
	control-enable: no
`

const namedIterating = `
options {
	directory "DIR";
	pid-file "DIR/pid";
	session-keyfile "DIR/session.key";
	managed-keys-directory "DIR";
	listen-on port PORT { HOST; };
	listen-on-v6 { none; };
	recursion yes;
	empty-zones-enable no;
	dnssec-validation VALIDATE;
};
controls { };
trust-anchors { "." static-ds DS; };
zone "." { type hint; file "DIR/root.hints"; };
`
