package netns

// The two namespaces: how they begin and end.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
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

// system has the parts of a Namespace.
type system struct {
	mu     sync.RWMutex // held for writing by close
	closed bool

	world  *os.File  // the network namespace of the internet's hosts
	keeper *exec.Cmd // the first process of the others, see first
	pidfd  int       // of the keeper
	input  io.Closer // of the keeper

	watch *watch
	leave func() // ends the use of the namespace by the internet
}

// first is the command of the first process in the namespaces of programs. It ends when the other end of its input
// is closed, and then the kernel kills all other processes there. It need not wait for children that others leave
// to it.
const first = "mount -t proc proc /proc && trap '' CHLD && echo && exec cat"

func (s *system) open(inet *mxmock.Internet, host *mxmock.Host) (err error) {
	defer func() { err = unavailable(err) }()
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root can make one", errUnavailable)
	}
	var addrs []netip.Addr
	for _, a := range host.Addrs() {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	if err := s.start(); err != nil {
		return err
	}
	h := &hosts{world: s.world, client: addrs}
	err = h.Do(func() (err error) {
		h.network, err = connectWorld(s.keeper.Process.Pid, addrs)
		return err
	})
	if err == nil {
		err = s.inside(func() error {
			// The C library makes a search list of its domain.
			return errors.Join(connectClient(addrs), unix.Sethostname([]byte(host.Name())))
		})
	}
	if err != nil {
		return fmt.Errorf("connect the namespaces: %w", err)
	}
	attempted, leave, err := inet.ListenInNamespace(h)
	if err != nil {
		return err
	}
	s.leave = leave
	if _, err := inet.ListenDNS(gateway.String() + ":53"); err != nil {
		return err
	}
	err = h.Do(func() (err error) {
		s.watch, err = startWatch(h.network.link, attempted)
		return err
	})
	if err != nil {
		return fmt.Errorf("watch the cable: %w", err)
	}
	h.watch.Store(s.watch)
	conf, err := inet.ResolvConf()
	if err != nil {
		return err
	}
	return s.showFiles(conf, inet.RootPEM())
}

// unavailable marks an error of a machine that does not allow namespaces, or that lacks a part of them.
func unavailable(err error) error {
	for _, lack := range []error{
		syscall.EPERM, syscall.EACCES, syscall.EROFS, syscall.ENOSYS, syscall.ENODEV, syscall.EOPNOTSUPP, syscall.EAFNOSUPPORT,
		syscall.EPROTONOSUPPORT, exec.ErrNotFound,
	} {
		if errors.Is(err, lack) {
			return fmt.Errorf("%w: %w", errUnavailable, err)
		}
	}
	return err
}

// start makes the namespaces.
func (s *system) start() error {
	err := onThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.world, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("make a network namespace: %w", err)
	}
	keeper := exec.Command("sh", "-c", first)
	keeper.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWUTS, // the mounts and the host name are private
		Cloneflags:   unix.CLONE_NEWPID,
		PidFD:        &s.pidfd,
	}
	keeper.Stderr = os.Stderr
	in, err := keeper.StdinPipe()
	if err != nil {
		return err
	}
	out, err := keeper.StdoutPipe()
	if err != nil {
		return err
	}
	if err := keeper.Start(); err != nil {
		return fmt.Errorf("start a process in a namespace: %w", err)
	}
	s.keeper, s.input = keeper, in
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return fmt.Errorf("%w: the first process in it has ended", errUnavailable)
	}
	return nil
}

// inside calls f on a thread in the namespaces of the programs.
func (s *system) inside(f func() error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	return onThread(func() error {
		if err := enter(s.pidfd, unix.CLONE_NEWNET|unix.CLONE_NEWNS|unix.CLONE_NEWUTS|unix.CLONE_NEWPID); err != nil {
			return fmt.Errorf("enter the namespace: %w", err)
		}
		return f()
	})
}

// close ends all parts that exist.
func (s *system) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
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
		unix.Close(s.pidfd)
	}
	if s.world != nil {
		s.world.Close()
	}
}

// hosts is the namespace with the hosts of the internet.
type hosts struct {
	world   *os.File
	network *network
	client  []netip.Addr // addresses that are not in this namespace
	watch   atomic.Pointer[watch]
}

var _ kernel.Kernel = (*hosts)(nil)

// Do implements [kernel.Kernel].
func (h *hosts) Do(f func() error) error {
	return onThread(func() error {
		if err := enter(int(h.world.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the namespace of the hosts: %w", err)
		}
		return f()
	})
}

// Route implements [kernel.Kernel].
func (h *hosts) Route(addr netip.Addr, way kernel.Way) error {
	if slices.Contains(h.client, addr) {
		return nil
	}
	return h.Do(func() error { return h.network.route(addr, way) })
}

// RoutePorts implements [kernel.Kernel].
func (h *hosts) RoutePorts(ways map[netip.AddrPort]kernel.Way) error {
	if maps.Equal(h.network.ports, ways) {
		return nil
	}
	return h.Do(func() error { return h.network.routePorts(ways) })
}

// Settle implements [kernel.Kernel].
func (h *hosts) Settle() {
	if w := h.watch.Load(); w != nil {
		w.settle()
	}
}

// Silence implements [kernel.Kernel].
func (h *hosts) Silence(at netip.AddrPort) (c io.Closer, err error) {
	err = h.Do(func() (err error) {
		c, err = silence(at)
		return err
	})
	return c, err
}
