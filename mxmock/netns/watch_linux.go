package netns

// The watch on the cable for attempts to connect, which no socket sees if there is no listener.

import (
	"encoding/binary"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// watch reads the packets that begin a connection.
type watch struct {
	packets   *os.File
	raw       syscall.RawConn
	attempted func(client, to netip.AddrPort)
	done      chan struct{}

	mu   sync.Mutex
	seen map[attempt]bool // since the client repeats a packet without an answer
}

// The place of the flags in the header of TCP, and the flags.
const (
	offsetFlags = 13
	flagSYN     = 0x02
	flagACK     = 0x10
	protocolTCP = 6
)

// isSYN is a program for the kernel. It passes the packets of IP that begin a TCP connection.
var isSYN = []bpf.Instruction{
	bpf.LoadAbsolute{Off: 0, Size: 1},
	bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 6, SkipTrue: 6},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 4, SkipTrue: 10},
	bpf.LoadAbsolute{Off: 9, Size: 1}, // the protocol of IPv4
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protocolTCP, SkipTrue: 8},
	bpf.LoadMemShift{Off: 0}, // the length of its header
	bpf.LoadIndirect{Off: offsetFlags, Size: 1},
	bpf.Jump{Skip: 3},
	bpf.LoadAbsolute{Off: 6, Size: 1}, // the next header of IPv6
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protocolTCP, SkipTrue: 3},
	bpf.LoadAbsolute{Off: 40 + offsetFlags, Size: 1},
	bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: flagSYN | flagACK},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: flagSYN, SkipTrue: 1},
	bpf.RetConstant{Val: 0},
	bpf.RetConstant{Val: 128},
}

// startWatch calls attempted for each attempt to connect that comes in over an interface. It runs in the namespace of
// the hosts.
func startWatch(link int, attempted func(client, to netip.AddrPort)) (*watch, error) {
	w, err := openWatch(link)
	if err != nil {
		return nil, err
	}
	w.attempted = attempted
	go func() {
		defer close(w.done)
		w.raw.Read(func(fd uintptr) bool {
			w.read(int(fd))
			return false // read until the end
		})
	}()
	return w, nil
}

func openWatch(link int) (*watch, error) {
	program, err := bpf.Assemble(isSYN)
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, p := range program {
		filter[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	if err == nil {
		all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link})
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	w := &watch{packets: os.NewFile(uintptr(fd), "packets"), done: make(chan struct{}), seen: make(map[attempt]bool)}
	if w.raw, err = w.packets.SyscallConn(); err != nil {
		w.packets.Close()
		return nil, err
	}
	return w, nil
}

// attempt has the values that the packets of one attempt to connect share.
type attempt struct {
	client, to netip.AddrPort
	sequence   uint32
}

// read reports the attempts that have come.
func (w *watch) read(fd int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const most = 1000 // attempts that are remembered
	var packet [128]byte
	for {
		size, _, err := unix.Recvfrom(fd, packet[:], unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		a, ok := parseSYN(packet[:size])
		if !ok || w.seen[a] {
			continue
		}
		if len(w.seen) >= most {
			clear(w.seen)
		}
		w.seen[a] = true
		w.attempted(a.client, a.to)
	}
}

// settle returns when all attempts that have come are reported.
func (w *watch) settle() { w.raw.Control(func(fd uintptr) { w.read(int(fd)) }) }

// parseSYN reads a packet that begins a connection.
func parseSYN(packet []byte) (a attempt, ok bool) {
	header, from, length := 40, 8, 16 // of IPv6, RFC 8200 §3
	if len(packet) > 0 && packet[0]>>4 == 4 {
		header, from, length = int(packet[0]&0xf)*4, 12, 4 // RFC 791 §3.1
	}
	if len(packet) < header+8 || header < from+2*length {
		return a, false
	}
	source, _ := netip.AddrFromSlice(packet[from : from+length])
	target, _ := netip.AddrFromSlice(packet[from+length : from+2*length])
	tcp := packet[header:] // RFC 9293 §3.1
	a.client = netip.AddrPortFrom(source, binary.BigEndian.Uint16(tcp))
	a.to = netip.AddrPortFrom(target, binary.BigEndian.Uint16(tcp[2:]))
	a.sequence = binary.BigEndian.Uint32(tcp[4:])
	return a, true
}

// end stops watching.
func (w *watch) end() {
	w.packets.Close()
	<-w.done
}
