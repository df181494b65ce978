package memnet_test

// Examples of the package.

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

func Example() {
	l := memnet.Listen(&net.TCPAddr{IP: net.IPv4(198, 51, 100, 1), Port: 25})
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprintf(c, "220 Hello %s\r\n", c.RemoteAddr())
	}()
	c, err := l.Dial(context.Background(), &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 40000})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	greeting, err := bufio.NewReader(c).ReadString('\n')
	fmt.Println(strings.TrimSpace(greeting), err)
	_, err = c.Read(make([]byte, 1))
	fmt.Println(err)
	// Output:
	// 220 Hello 192.0.2.1:40000 <nil>
	// EOF
}
