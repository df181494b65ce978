package inspect

// The report or the page that a failed test leaves.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/bubble"
)

// env is the environment variable that keeps the servers of a failed test open.
const env = "MAILTEST_INSPECT"

func init() { artifact.Register(artifact.Viewer{Report: reportOn, Hold: hold}) }

// reportOn returns the report that a failed test leaves beside its other artifacts.
func reportOn(x any) []artifact.File {
	source, ok := x.(Source)
	if !ok {
		return nil
	}
	var b bytes.Buffer
	if err := WriteReport(&b, source); err != nil {
		b.WriteString(err.Error())
	}
	return []artifact.File{{Name: "report.html", Data: b.Bytes()}}
}

// hold shows the server or the internet of a failed test, until an interrupt or shortly before the deadline of the
// test.
func hold(tb testing.TB, x any) {
	source, ok := x.(Source)
	if !ok || os.Getenv(env) != "1" {
		return
	}
	if bubble.Of(tb) == bubble.Inside { // a real socket would stop the clock
		tb.Log(reportInFile(source))
		return
	}
	page := &Page{Source: source}
	defer page.Close()
	if err := page.Start(); err != nil {
		tb.Log(err)
		return
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer signal.Stop(interrupted)
	var over <-chan time.Time
	until := ""
	if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := t.Deadline(); ok {
			left := time.Until(end) * 9 / 10
			over, until = time.After(left), fmt.Sprintf(", or %v have passed", left.Round(time.Second))
		}
	}
	fmt.Fprintf(os.Stderr, "%s has failed; %s shows what happened, until you press Ctrl-C%s\n", tb.Name(), page.URL(), until)
	select {
	case <-interrupted:
	case <-over:
	}
}

// reportInFile writes a report into a temporary file, and returns a sentence that names it.
func reportInFile(x Source) string {
	f, err := os.CreateTemp("", "mailtest-*.html")
	if err != nil {
		return err.Error()
	}
	if err := errors.Join(WriteReport(f, x), f.Close()); err != nil {
		return err.Error()
	}
	return "inspect: " + f.Name() + " shows what happened"
}
