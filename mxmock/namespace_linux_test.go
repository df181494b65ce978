package mxmock_test

// Tests in a network namespace of their own: every host on its own address and port 25, the DNS on
// port 53, and programs that are not ours, with nothing changed but resolv.conf.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// inNamespace is set in the process that has the namespace.
const inNamespace = "MXMOCK_IN_NAMESPACE"

// namespaceOnce keeps TestNamespace, which takes seconds, from being repeated by -count.
var namespaceOnce sync.Once

// TestNamespace starts this program again, in namespaces of its own for network and mounts.
func TestNamespace(t *testing.T) {
	t.Parallel()
	first := false
	if namespaceOnce.Do(func() { first = true }); !first {
		t.Skip("once per process is enough")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("the program ip (package iproute2) is needed")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInNamespace$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"="+machine.TempDir(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Skipf("no namespaces here: %v", err)
	}
	t.Logf("in the namespace:\n%s", out)
	if err != nil {
		t.Error(err)
	}
}

// TestInNamespace is what TestNamespace runs.
func TestInNamespace(t *testing.T) {
	dir := os.Getenv(inNamespace)
	if dir == "" {
		t.Skip("run by TestNamespace")
	}
	for _, command := range []string{
		"link set lo up", "route add local 203.0.113.0/24 dev lo", "-6 route add local 2001:db8::/32 dev lo",
		"addr add 203.0.113.254/32 dev lo", "-6 addr add 2001:db8::fffe/128 dev lo", // else who has only 127.0.0.1 looks up nothing (AI_ADDRCONFIG)
	} {
		out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
		if err != nil && strings.HasPrefix(command, "-6") {
			t.Skipf("no IPv6 here: ip %s: %v: %s", command, err, out)
		}
		if err != nil {
			t.Fatalf("ip %s: %v: %s", command, err, out)
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/ip_nonlocal_bind", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	inet := mxmock.New(t)
	inet.Networks = []string{"203.0.113.0/24", "2001:db8::/32"}
	inet.Patience = 30 * time.Second
	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	inet.Host("mx2.qq.com", "::")
	mx[0].Break(mxmock.Refused)
	if _, err := inet.ListenDNS("203.0.113.53:53"); err != nil {
		t.Fatal(err)
	}
	if err := inet.ListenHosts(nil); err != nil {
		t.Fatal(err)
	}
	conf, err := inet.ResolvConf()
	if want := "nameserver 203.0.113.53\noptions trust-ad\n"; err != nil || conf != want {
		t.Fatalf("ResolvConf = %q, %v, want %q", conf, err, want)
	}
	privateEtc(t, dir, conf)

	v4, v6 := mx[1].Addrs()[0], mx[1].Addrs()[1]
	const mxs = "10 mx1.qq.com.\n20 mx2.qq.com.\n"
	run := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			t.Errorf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	tool := func(program, pkg string, f func(t *testing.T)) {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("the program %s (package %s) is needed", program, pkg)
			}
			f(t)
		})
	}
	for program, pkg := range map[string]string{"dig": "bind9-dnsutils", "kdig": "knot-dnsutils"} {
		tool(program, pkg, func(t *testing.T) {
			for _, args := range [][]string{{}, {"+tcp"}, {"+noedns"}, {"+dnssec"}} {
				if got := run(program, append(args, "+short", "mx", "qq.com")...); got != mxs {
					t.Errorf("%s %v: MX = %q, want %q", program, args, got, mxs)
				}
			}
			if got, want := run(program, "+short", "aaaa", "mx2.qq.com"), v6+"\n"; got != want {
				t.Errorf("AAAA = %q, want %q", got, want)
			}
			if got, want := run(program, "+short", "-x", v4), "mx2.qq.com.\n"; got != want {
				t.Errorf("PTR = %q, want %q", got, want)
			}
		})
	}
	tool("drill", "ldnsutils", func(t *testing.T) {
		out := run("drill", "mx", "qq.com")
		for _, want := range []string{"rcode: NOERROR", "\t10 mx1.qq.com.", "\t20 mx2.qq.com."} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	})
	tool("getent", "libc-bin", func(t *testing.T) {
		out := strings.Fields(run("getent", "ahosts", "mx2.qq.com"))
		for _, want := range []string{v4, v6} {
			if !slices.Contains(out, want) {
				t.Errorf("getaddrinfo = %v, want %s among them", out, want)
			}
		}
		if out, err := exec.Command("getent", "ahosts", "nosuch.qq.com").Output(); err == nil {
			t.Errorf("a name that does not exist: %s, want an error", out)
		}
	})
	tool("node", "nodejs", func(t *testing.T) {
		const script = `const dns = require("dns"), p = dns.promises;
			(async () => console.log(JSON.stringify([await p.resolveMx("qq.com"), await p.resolve4("mx2.qq.com"), await p.resolve6("mx2.qq.com"),
				(await p.lookup("mx2.qq.com", {family: 4})).address,
				await p.resolveMx("nosuch.qq.com").catch(e => e.code), await p.resolveTxt("qq.com").catch(e => e.code)])))()`
		want := fmt.Sprintf(`[[{"exchange":"mx1.qq.com","priority":10},{"exchange":"mx2.qq.com","priority":20}],["%s"],["%s"],"%s","ENOTFOUND","ENODATA"]`, v4, v6, v4)
		var got, wanted any
		out := run("node", "-e", script)
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		json.Unmarshal([]byte(want), &wanted)
		if fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("c-ares: got %v, want %v", got, wanted)
		}
	})
	for _, resolver := range []string{"go", "cgo"} {
		t.Run("resolver "+resolver, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestResolverOfMachine$", "-test.v")
			cmd.Env = append(os.Environ(), "GODEBUG=netdns="+resolver, machineWants+"="+v4+" "+v6)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	for _, conf := range []string{
		"nameserver 203.0.113.53\nsearch corp.example other.example\n",
		"nameserver 203.0.113.53\nnameserver 203.0.113.54\nsearch corp.example\noptions ndots:4 attempts:3 timeout:2\n",
		"nameserver 203.0.113.53\noptions attempts:1 timeout:1\n",
		"options use-vc\n",
	} {
		t.Run("resolv.conf", func(t *testing.T) {
			if err := os.WriteFile("/etc/resolv.conf", []byte(conf), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRulesWithResolvConf$", "-test.v")
			cmd.Env = append(os.Environ(), resolvConf+"="+conf)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%q: %v\n%s", conf, err, out)
			}
		})
	}
	if err := os.WriteFile("/etc/resolv.conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
}

// machineWants has the addresses that TestResolverOfMachine expects.
const machineWants = "MXMOCK_MACHINE_WANTS"

// TestResolverOfMachine looks up by the resolver that package net takes by itself.
func TestResolverOfMachine(t *testing.T) {
	want := strings.Fields(os.Getenv(machineWants))
	if len(want) == 0 {
		t.Skip("run by TestInNamespace")
	}
	if got, want := mxOf(t, net.DefaultResolver, "qq.com"), "10 mx1.qq.com.;20 mx2.qq.com.;"; got != want {
		t.Errorf("MX = %s, want %s", got, want)
	}
	got, err := net.LookupHost("mx2.qq.com")
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("addresses = %v, %v, want %v", got, err, want)
	}
	if _, err := net.LookupHost("nosuch.qq.com"); !isNotFound(err) {
		t.Errorf("a name that does not exist: %v, want not found", err)
	}
	conn, err := net.Dial("tcp", "mx2.qq.com:25")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := net.Dial("tcp", "mx1.qq.com:25"); err == nil {
		t.Error("mx1.qq.com is down, and no error")
	}
}

// resolvConf has the text of resolv.conf for TestRulesWithResolvConf.
const resolvConf = "MXMOCK_RESOLV_CONF"

// TestRulesWithResolvConf breaks questions on a machine with search lists and habits of its own:
// what a test sees is the same.
func TestRulesWithResolvConf(t *testing.T) {
	if os.Getenv(resolvConf) == "" {
		t.Skip("run by TestInNamespace")
	}
	for _, fault := range []mxmock.Fault{mxmock.ServFail, mxmock.Silent, mxmock.Refused, mxmock.WrongID, mxmock.Partial} {
		synctest.Test(t, func(t *testing.T) {
			inet := mxmock.New(t)
			inet.MX("qq.com", "mx1.qq.com")
			lookUp := func() string {
				switch _, err := inet.Resolver().LookupMX(t.Context(), "qq.com"); {
				case err == nil:
					return "found"
				case isNotFound(err):
					return "not found"
				}
				return "failed"
			}
			inet.Break("mx qq.com", fault)
			if got, want := lookUp(), "failed"; got != want {
				t.Errorf("%v: %s, want %s", fault, got, want)
			}
			inet.Mend("mx qq.com")
			if got, want := lookUp(), "found"; got != want {
				t.Errorf("%v mended: %s, want %s", fault, got, want)
			}
			for _, rule := range []mxmock.DNSRule{
				{Question: "mx qq.com", Skip: 1, Times: 2, Fault: fault}, {Question: "any *", Skip: 1, Times: 2, Fault: fault},
			} {
				inet.Reset()
				inet.AddDNSRules(rule)
				var got []string
				for range 4 {
					got = append(got, lookUp())
				}
				if want := []string{"found", "failed", "failed", "found"}; !slices.Equal(got, want) {
					t.Errorf("%v by %q: %v, want %v\n%v", fault, rule.Question, got, want, inet.Journal())
				}
				if got, want := inet.Journal().Count("ask mx qq.com"), 4; got != want {
					t.Errorf("%v: %d look-ups, want %d\n%v", fault, got, want, inet.Journal())
				}
			}
		})
	}
}

// privateEtc gives this process and its children a resolv.conf and an nsswitch.conf of their own. They are files in dir.
func privateEtc(tb testing.TB, dir, resolvConf string) {
	tb.Helper()
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		tb.Fatalf("keep the mounts from others: %v", err)
	}
	for name, text := range map[string]string{"resolv.conf": resolvConf, "nsswitch.conf": "hosts: files dns\n"} {
		source, target := filepath.Join(dir, name), filepath.Join("/etc", name)
		if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
		err := syscall.Mount(source, target, "", syscall.MS_BIND, "")
		if errors.Is(err, fs.ErrNotExist) && name == "nsswitch.conf" {
			continue // without it, libc asks the DNS as well
		}
		if errors.Is(err, fs.ErrNotExist) {
			tb.Skipf("this machine has no %s to mount another on", target)
		}
		if err != nil {
			tb.Fatalf("mount %s: %v", target, err)
		}
	}
}
