// Package artifact writes the files that a failed test leaves behind for people to read: messages, transcripts,
// journals.
//
// It writes nothing unless artifacts are requested, by go test -artifacts or by the environment variable
// MAILTEST_ARTIFACTS, which names a directory.
package artifact

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Env is the environment variable that names a directory for the artifacts of all tests.
const Env = "MAILTEST_ARTIFACTS"

// File is one artifact. Its name has no directory.
type File struct {
	Name string
	Data []byte
}

// Viewer shows something that a failed test has used, such as a server.
type Viewer struct {
	// Report returns further artifacts.
	Report func(x any) []File

	// Hold shows x until nobody looks at it any more.
	Hold func(tb testing.TB, x any)
}

// viewer is the viewer of the process. It is set before main, or never.
var viewer Viewer

// Register sets the viewer. Only the initialization of a package may call it.
func Register(v Viewer) { viewer = v }

// Hold lets the viewer, if there is one, show something that the failed test tb has used, before it is closed.
func Hold(tb testing.TB, x any) {
	if viewer.Hold != nil {
		viewer.Hold(tb, x)
	}
}

// Write writes files about x into the artifact directory of test tb. It returns a sentence that names the place, or
// an error as a sentence. If no artifacts are requested, it does nothing and returns "".
func Write(tb testing.TB, x any, files []File) string {
	dir, wanted := directory(tb)
	if !wanted || len(files) == 0 {
		return ""
	}
	if viewer.Report != nil {
		files = append(files, viewer.Report(x)...)
	}
	err := os.MkdirAll(dir, 0o777)
	for _, f := range files {
		err = errors.Join(err, create(filepath.Join(dir, safe(f.Name)), f.Data))
	}
	if err != nil {
		return fmt.Sprintf("artifacts: %v", err)
	}
	return fmt.Sprintf("artifacts: %d files in %s", len(files), dir)
}

// create writes a new file. If the name is taken, by another server of the test or by an earlier
// run, it gets a number.
func create(name string, data []byte) error {
	ext := filepath.Ext(name)
	free := name
	for i := 2; ; i++ {
		f, err := os.OpenFile(free, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
}

// directory returns the directory for the artifacts of a test, and reports whether they are requested.
func directory(tb testing.TB) (dir string, wanted bool) {
	if dir := os.Getenv(Env); dir != "" {
		return filepath.Join(dir, safe(tb.Name())), true
	}
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		return "", false
	}
	return tb.ArtifactDir(), true
}

// safe returns a file name for a text that is legal on every system.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name)
}
