package netns

// This file makes the two namespaces, and ends them.

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/internal/kernel"
)

// system is what a Namespace is made of.
type system struct {
	mu     sync.Mutex
	world  *thread // where the hosts of the internet are
	client *thread // where programs run

	// keeper is the first process of the client's namespaces, with whose end the kernel kills all others there. It
	// ends when its standard input does, which is when this process ends, however that does.
	keeper *exec.Cmd
	input  io.Closer

	network *network
	watch   *watch
	leave   func() // ends what the internet has here
	dir     string // of the files that programs see
}

func (s *system) open(inet *mxmock.Internet, host *mxmock.Host) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root can make one", errUnavailable)
	}
	var addrs []netip.Addr
	for _, a := range host.Addrs() {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	if err := s.startThreads(); err != nil {
		return err
	}
	var err error
	if s.network, err = connect(s.world, s.client, s.keeper.Process.Pid, addrs); err != nil {
		return fmt.Errorf("connect the namespaces: %w", err)
	}
	h := &hosts{thread: s.world, network: s.network, client: addrs}
	attempted, leave, err := inet.ListenInNamespace(h)
	if err != nil {
		return err
	}
	s.leave = leave
	if _, err := inet.ListenDNS(gateway.String() + ":53"); err != nil {
		return err
	}
	if s.watch, err = startWatch(s.world, s.network.link, attempted); err != nil {
		return fmt.Errorf("watch the cable: %w", err)
	}
	h.watch.Store(s.watch)
	conf, err := inet.ResolvConf()
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "netns"); err != nil {
		return err
	}
	if err := writeFiles(s.dir, conf, inet.RootPEM()); err != nil {
		return err
	}
	s.client.do(func() { err = s.bindFiles() })
	return err
}

// startThreads makes the namespaces and the threads in them.
func (s *system) startThreads() (err error) {
	s.world, err = startThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) })
	if err != nil {
		return fmt.Errorf("%w: unshare: %w", errUnavailable, err)
	}
	s.keeper = exec.Command("cat")
	s.keeper.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	if s.input, err = s.keeper.StdinPipe(); err != nil {
		return err
	}
	if err := s.keeper.Start(); err != nil {
		s.keeper = nil
		return fmt.Errorf("%w: start a process in one: %w", errUnavailable, err)
	}
	s.client, err = startThread(func() error { return enter(s.keeper.Process.Pid) })
	if err != nil {
		return fmt.Errorf("enter the namespaces of process %d: %w", s.keeper.Process.Pid, err)
	}
	return nil
}

// enter brings the calling thread into the namespaces of a process, whose mounts it makes its own.
func enter(pid int) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // else it may not leave those of the others
		return fmt.Errorf("unshare: %w", err)
	}
	kinds := []struct {
		name string
		flag int
		file *os.File
	}{{"net", unix.CLONE_NEWNET, nil}, {"pid", unix.CLONE_NEWPID, nil}, {"mnt", unix.CLONE_NEWNS, nil}}
	for i, kind := range kinds {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, kind.name))
		if err != nil {
			return err
		}
		defer f.Close()
		kinds[i].file = f
	}
	for _, kind := range kinds {
		if err := unix.Setns(int(kind.file.Fd()), kind.flag); err != nil {
			return fmt.Errorf("setns %s: %w", kind.name, err)
		}
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	return nil
}

// inside calls f on a thread in the namespace of the programs. It does nothing after the end.
func (s *system) inside(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.do(f)
	}
}

// close ends everything, what there is of it.
func (s *system) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leave != nil {
		s.leave()
	}
	if s.watch != nil {
		s.watch.end()
	}
	if s.keeper != nil {
		s.keeper.Process.Kill()
		s.input.Close()
		s.keeper.Wait()
	}
	for _, t := range []*thread{s.client, s.world} {
		if t != nil {
			t.end()
		}
	}
	s.client, s.world = nil, nil
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// hosts is the namespace of the internet's hosts.
type hosts struct {
	*thread
	*network
	client []netip.Addr // which are not there
	watch  atomic.Pointer[watch]
}

var _ kernel.Kernel = (*hosts)(nil)

// Settle implements [kernel.Kernel].
func (h *hosts) Settle() {
	if w := h.watch.Load(); w != nil {
		w.settle()
	}
}

// Do implements [kernel.Kernel].
func (h *hosts) Do(f func()) { h.do(f) }

// Route implements [kernel.Kernel].
func (h *hosts) Route(addr netip.Addr, way kernel.Way) (err error) {
	if !slices.Contains(h.client, addr) {
		h.do(func() { err = h.route(addr, way) })
	}
	return err
}

// Silence implements [kernel.Kernel].
func (h *hosts) Silence(at netip.AddrPort) (c io.Closer, err error) {
	h.do(func() { c, err = silence(at) })
	return c, err
}
