package main

// Growth: the cost of one thing as the number of such things grows from a thousand to a hundred thousand.

import (
	"context"
	"fmt"
	"io"
	"log"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// printGrowth prints the processor time for each thing as the number of things grows tenfold, for each kind.
func printGrowth(w io.Writer) {
	thousands := []int{1_000, 10_000, 100_000}
	for _, k := range []struct {
		about string
		sizes []int
		f     func(n int) (total time.Duration, err error)
	}{
		{"deliver n messages in memory, per message", thousands, growMessages},
		{"take n messages one by one with Next, per message", thousands, growNext},
		{"remove n messages one by one, the oldest last, per message", thousands, growRemove},
		{"make n hosts of an internet, per host", thousands, growHosts},
		{"look up one of n hosts", thousands, growLookUp},
		{"read a zone of n records, per record", thousands, growZone},
		{"deliver a message past n rules that do not fit, per rule", []int{1, 10, 100, 1_000}, growRules},
	} {
		fmt.Fprintln(w, k.about)
		for _, n := range k.sizes {
			d, err := k.f(n)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Fprintf(w, "  %7d  %12v\n", n, d/time.Duration(n))
		}
	}
}

// stopwatch returns a func that returns the processor time since the call, or the elapsed time if the processor time is
// not known.
func stopwatch() (elapsed func() time.Duration) {
	begin, used := time.Now(), processorTime()
	return func() time.Duration {
		if used == 0 {
			return time.Since(begin)
		}
		return processorTime() - used
	}
}

// connect connects to a server in memory and says EHLO.
func connect(s *mailtest.Server) (*client, error) {
	conn, err := s.Dial(context.Background())
	if err != nil {
		return nil, err
	}
	c := newClient(conn, append(message(1<<10), ".\r\n"...))
	return c, c.hello()
}

func growMessages(n int) (time.Duration, error) {
	s := new(mailtest.Server)
	defer s.Close()
	c, err := connect(s)
	if err != nil {
		return 0, err
	}
	elapsed := stopwatch()
	for range n {
		if err := c.send(false); err != nil {
			return 0, err
		}
	}
	return elapsed(), c.quit()
}

func growNext(n int) (time.Duration, error) {
	s := new(mailtest.Server)
	defer s.Close()
	c, err := connect(s)
	if err != nil {
		return 0, err
	}
	for range n {
		if err := c.send(false); err != nil {
			return 0, err
		}
	}
	elapsed := stopwatch()
	for range n {
		if _, err := s.NextContext(context.Background()); err != nil {
			return 0, err
		}
	}
	return elapsed(), c.quit()
}

func growRemove(n int) (time.Duration, error) {
	s := new(mailtest.Server)
	defer s.Close()
	c, err := connect(s)
	if err != nil {
		return 0, err
	}
	for range n {
		if err := c.send(false); err != nil {
			return 0, err
		}
	}
	messages := s.Messages()
	elapsed := stopwatch()
	for _, m := range slices.Backward(messages) {
		s.Remove(m)
	}
	return elapsed(), c.quit()
}

func hosts(n int) *mxmock.Internet {
	inet := new(mxmock.Internet)
	for i := range n {
		domain := "d" + strconv.Itoa(i) + ".com"
		inet.MX(domain, "mx."+domain)
	}
	return inet
}

func growHosts(n int) (time.Duration, error) {
	elapsed := stopwatch()
	hosts(n).Close()
	return elapsed(), nil
}

func growLookUp(n int) (time.Duration, error) {
	inet := hosts(n)
	defer inet.Close()
	r := inet.Resolver()
	elapsed := stopwatch()
	const times = 2_000
	for i := range times {
		if _, err := r.LookupMX(context.Background(), "d"+strconv.Itoa(i*(n/times+1)%n)+".com."); err != nil {
			return 0, err
		}
	}
	return elapsed() / times * time.Duration(n), nil
}

func growZone(n int) (time.Duration, error) {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "h%d.example.com. A 198.51.100.%d\n", i, i%250+1)
	}
	inet := new(mxmock.Internet)
	defer inet.Close()
	elapsed := stopwatch()
	err := inet.AddZone(text.String())
	return elapsed(), err
}

func growRules(n int) (time.Duration, error) {
	s := new(mailtest.Server)
	defer s.Close()
	for i := range n {
		s.AddRules(mailtest.Rule{At: mailtest.Rcpt, To: "user" + strconv.Itoa(i) + "@qq.com", Reply: "550 5.1.1 No such user"})
	}
	c, err := connect(s)
	if err != nil {
		return 0, err
	}
	const times = 2_000
	elapsed := stopwatch()
	for range times {
		if err := c.send(false); err != nil {
			return 0, err
		}
	}
	return elapsed() / times, c.quit()
}
