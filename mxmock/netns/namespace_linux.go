package netns

// Namespaces: their making and their end.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// Namespace is a place for programs, made by [New]: a network, a set of processes, and a view of the
// files. Its method may be called from several goroutines at once.
type Namespace struct {
	pidfd int           // of the first process inside
	kill  func() error  // it
	ended chan struct{} // closed when it has, and all others with it
	wire  *wire
}

// Do calls f inside the namespace and returns its error. The programs that f starts are inside, and so are
// the connections that it makes, the ports on which it listens, and the files that it reads and writes.
// With [os/exec.Cmd], the methods themselves can be given:
//
//	err := ns.Do(cmd.Start)
//	err := ns.Do(func() error { return os.WriteFile("/etc/mailname", []byte("shop.example\n"), 0o644) })
//	err := ns.Do(func() error { return smtp.SendMail("127.0.0.1:25", nil, from, to, msg) })
//
// This holds for f itself and not for goroutines that it starts: it runs on a thread of its own. Package
// net looks up names on others, so that f must connect to addresses; and [os/exec.Command] looks for the
// program where it is called. A program that is to be killed by [syscall.SysProcAttr.Pdeathsig] dies
// when f returns. f may call t.Fatal, where the caller of Do may.
func (ns *Namespace) Do(f func() error) error {
	return onThread(func() error {
		if err := enter(ns.pidfd, unix.CLONE_NEWNET|unix.CLONE_NEWNS|unix.CLONE_NEWPID); err != nil {
			return fmt.Errorf("enter the namespace: %w", err)
		}
		return f()
	})
}

// open makes a namespace. The error is [errors.ErrUnsupported] where this machine has none.
func open(at Place) (ns *Namespace, err error) {
	if memnet.Virtual() {
		return nil, errors.New("a namespace can't be used inside a synctest bubble: who waits for it stops its clock")
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("only root can make a network namespace: %w", errors.ErrUnsupported)
	}
	ns = &Namespace{ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(unsupported(err), ns.close())
			ns = nil
		}
	}()
	if err := ns.start(); err != nil {
		return ns, fmt.Errorf("start the first process of a namespace: %w", err)
	}
	if err := ns.Do(furnish); err != nil {
		return ns, err
	}
	ns.wire, err = newWire(at, ns.Do)
	return ns, err
}

// unsupported marks the errors of machines where what is asked for can't be done.
func unsupported(err error) error {
	for _, errno := range []syscall.Errno{
		syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.ENODEV, syscall.ENOENT, syscall.EINVAL, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, errno) {
			return fmt.Errorf("this machine can't: %w (%w)", err, errors.ErrUnsupported)
		}
	}
	return err
}

// first is the first process of a namespace. The kernel kills all others when it ends, which it does when
// nothing is at the other end of its input any more. The children that others leave to it need no wait.
const first = "mount -t proc proc /proc && trap '' CHLD && echo ready && exec cat"

// start starts the first process.
func (ns *Namespace) start() error {
	started := make(chan error)
	cmd := exec.Command("/bin/sh", "-c", first)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, // with mounts that the machine does not see
		Cloneflags:   syscall.CLONE_NEWPID,
		PidFD:        &ns.pidfd,
		Pdeathsig:    syscall.SIGKILL, // when this thread ends
	}
	ns.pidfd = -1
	cmd.Stderr = os.Stderr
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ns.ended)
		in, err := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err = errors.Join(err, err2); err == nil {
			err = cmd.Start()
		}
		if err != nil {
			started <- err
			return
		}
		defer in.Close()
		ns.kill = cmd.Process.Kill
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			started <- fmt.Errorf("%w: %w", cmd.Wait(), io.ErrUnexpectedEOF)
			return
		}
		started <- nil
		cmd.Wait()
	}()
	return <-started
}

// close ends all programs, and then the network.
func (ns *Namespace) close() (err error) {
	const patience = time.Second
	if ns.kill != nil {
		ns.kill()
	}
	select {
	case <-ns.ended:
	case <-time.After(patience):
		err = errors.New("programs that were started have not ended: nobody has waited for them, as by exec.Cmd.Wait")
	}
	if ns.wire != nil {
		err = errors.Join(err, ns.wire.close())
	}
	if ns.pidfd >= 0 {
		unix.Close(ns.pidfd)
	}
	return err
}
