package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// TestModule builds the sandbox as "go run MODULE/examples/sandbox@VERSION" does in an empty folder, with a proxy of files
// that has this module, and runs it: it needs no replace, and its files are inside.
func TestModule(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceDetector {
		t.Skip("it builds everything, without the race detector")
	}
	const owner = "github.com/seed078e9d8c"
	const path = owner + "/maillab"
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	versions := filepath.Join(temp, "proxy", path, "@v")
	if err := os.MkdirAll(versions, 0o700); err != nil {
		t.Fatal(err)
	}
	const version = "v0.9.0"
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(gomod), "\nreplace") {
		t.Error("go.mod replaces a module, so that it can't be run from elsewhere")
	}
	for name, text := range map[string][]byte{
		version + ".mod":  gomod,
		version + ".info": []byte(`{"Version":"` + version + `","Time":"` + time.Now().UTC().Format(time.RFC3339) + `"}`),
		"list":            []byte(version + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(versions, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := zip.CreateFromDir(f, module.Version{Path: path, Version: version}, root); err != nil {
		t.Fatal(err)
	}
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("the program go is needed: ", err)
	}
	empty := filepath.Join(temp, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	modules, bin := filepath.Join(temp, "modules"), filepath.Join(temp, "bin")
	known := strings.TrimSpace(string(cache))
	linkAll(t, known, modules, owner, "cache/download/"+owner)
	// By -trimpath, packages are built by the names of their modules, so that the build cache has them whatever the folder.
	env := append(os.Environ(), "GOMODCACHE="+modules, "GOFLAGS=-modcacherw -trimpath -ldflags=-w", "GOSUMDB=off", "GOWORK=off", "GOBIN="+bin,
		"GOPROXY=file://"+filepath.ToSlash(filepath.Join(temp, "proxy"))+",file://"+filepath.ToSlash(filepath.Join(known, "cache", "download")))
	run := func(program string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = empty, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", program, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("go", "install", path+"/examples/sandbox@"+version)
	sandbox := filepath.Join(bin, "sandbox")
	if out := run(sandbox, "-version"); out != "sandbox "+version {
		t.Errorf("the sandbox says %s, want sandbox %s", out, version)
	}
	cmd := exec.Command(sandbox, free...)
	cmd.Dir = empty
	page := "http://" + launch(t, cmd).address(t, "Page")
	for _, file := range []string{"/", "/style.css", "/page.js", "/api/openapi.yaml"} {
		if got := get(t, page+file); len(got) < 1000 {
			t.Errorf("%s is %q", file, got)
		}
	}
}

// linkAll makes a folder in which links stand for all that another folder has, but not for the folders in own, nor for
// those above them. That spares the go command to take the other modules apart again, which it does where no links can
// be made.
func linkAll(t *testing.T, from, to string, own ...string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		there, here := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		var below []string
		for _, folder := range own {
			if first, rest, _ := strings.Cut(folder, "/"); first == entry.Name() {
				below = append(below, rest)
			}
		}
		switch {
		case below == nil:
			_ = os.Symlink(there, here)
		case !slices.Contains(below, ""):
			linkAll(t, there, here, below...)
		}
	}
}
