// Bench measures this module and its alternatives in one run. It measures every row of the table over several rounds,
// in which ours and its peers take turns, and prints medians and ratios at the end. See README.md.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func main() {
	log.SetFlags(0)
	runAsClient()
	var (
		pattern = flag.String("run", ".", "measure the rows whose `name` matches this regular expression")
		rounds  = flag.Int("rounds", 5, "how often each is measured")
		output  = flag.String("o", "", "write all results to this `file`, for benchstat")
		svg     = flag.String("svg", "", "draw the table to this `file`")
		growth  = flag.Bool("growth", false, "print the growth table and nothing else")
		goTest  = flag.Bool("gotest", false, "print how long go test takes for the library, and nothing else")
		quick   = flag.Bool("quick", false, "measure a tenth as long: to see that all works")
		cpu     = flag.Bool("cpu", false, "compare processor time, not time: what counts on a machine that has other work")
		child   = flag.String("child", "", "measure `row/contestant` in this process (used by the program itself)")
		length  = flag.String("time", "", "with -child: measure for this `duration`, or so many times (\"1000x\")")
		profile = flag.String("cpuprofile", "", "with -child: write a CPU profile to this `file`")
		memory  = flag.String("memprofile", "", "with -child: write a profile of all allocations to this `file`")
	)
	testing.Init()
	flag.Parse()
	switch {
	case *child != "":
		measure(*child, *quick, *length, *profile, *memory)
	case *growth:
		printGrowth(os.Stdout)
	case *goTest:
		printGoTest(os.Stdout, *rounds)
	default:
		re, err := regexp.Compile(*pattern)
		if err != nil {
			log.Fatal(err)
		}
		run(re, *rounds, *output, *svg, *quick, *cpu)
	}
}

// run measures the rows that match, round by round, and prints the table.
func run(re *regexp.Regexp, rounds int, output, svg string, quick, cpu bool) {
	lines := io.Discard
	if output != "" {
		f, err := os.Create(output)
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		lines = f
		fmt.Fprintf(f, "goos: %s\ngoarch: %s\npkg: github.com/seed078e9d8c/maillab/internal/bench\n", runtime.GOOS, runtime.GOARCH)
	}
	programs, err := newPrograms()
	if err != nil {
		log.Fatal(err)
	}
	defer programs.close()
	began := time.Now()
	seen := make(results)
	for round := range rounds {
		for _, r := range rows() {
			if !re.MatchString(r.name) {
				continue
			}
			program, err := programs.of(r)
			if err != nil {
				log.Fatal(err)
			}
			for _, c := range r.contestants {
				key := r.name + "/" + c.name
				progress("round %d of %d: %s", round+1, rounds, key)
				line, err := inChild(program, key, quick)
				if err != nil {
					log.Fatalf("\n%s: %v\n%s", key, err, line)
				}
				fmt.Fprintln(lines, line)
				unit := r.unit()
				if cpu && r.metric == "" && !r.prepared {
					unit = "cpu-ns/op"
				}
				seen.read(key, line, unit)
			}
		}
	}
	progress("")
	fmt.Fprintf(os.Stderr, "%d rounds in %v\n", rounds, time.Since(began).Round(time.Second))
	seen.print(os.Stdout, re)
	if svg != "" {
		f, err := os.Create(svg)
		if err != nil {
			log.Fatal(err)
		}
		if err := errors.Join(plot(f, re, seen), f.Close()); err != nil {
			log.Fatal(err)
		}
	}
}

// progress shows the current step on one line of the terminal, if there is one.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}

// inChild measures a contestant in a process of its own. The process has its own heap and, if the system allows it, its
// own network, because sockets in TIME_WAIT of one run would spoil the next.
func inChild(program, key string, quick bool) (string, error) {
	cmd := exec.Command(program, "-child", key, "-quick="+strconv.FormatBool(quick))
	isolate(cmd)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// measure runs in the child. It prints one line in the format of go test -bench.
func measure(key string, quick bool, length, cpuProfile, memProfile string) {
	if err := loopbackUp(); err != nil {
		log.Fatal(err)
	}
	name, contestant, _ := strings.Cut(key, "/")
	for _, r := range rows() {
		for _, c := range r.contestants {
			if r.name != name || c.name != contestant {
				continue
			}
			if r.heavy && !isHeavy {
				log.Fatalf("%s: build this program with -tags heavy", key)
			}
			runtime.GOMAXPROCS(min(r.cpus, runtime.NumCPU()))
			flag.Set("test.benchtime", cmp.Or(length, r.time(quick)))
			stop := profiles(cpuProfile, memProfile)
			result := testing.Benchmark(func(b *testing.B) {
				before := processorTime()
				c.f(b)
				b.ReportMetric(float64(processorTime()-before)/float64(b.N), "cpu-ns/op")
			})
			stop()
			if result.N == 0 {
				log.Fatalf("%s failed; go test -bench Rows/%s says why", key, key)
			}
			suffix := ""
			if n := runtime.GOMAXPROCS(0); n > 1 {
				suffix = "-" + strconv.Itoa(n)
			}
			fmt.Printf("Benchmark%s%s\t%v\t%v\n", key, suffix, result, result.MemString())
			return
		}
	}
	log.Fatalf("there is no %s", key)
}
