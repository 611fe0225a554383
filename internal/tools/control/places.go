package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNone is the error of Find if no ensemble is running.
var ErrNone = errors.New("no ensemble is running: start one with zklab ensemble up")

// ErrMany is the error of Find if no name was given and several ensembles are running.
var ErrMany = errors.New("several ensembles are running")

const (
	suffix = ".sock"
	// longest is the length of the longest path of a socket that every system allows.
	longest = 103
)

// folder returns the folder with the sockets of this user's ensembles: in XDG_RUNTIME_DIR, or else
// in the folder for temporary files.
func folder() string {
	if run := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(run) {
		if info, err := os.Stat(run); err == nil && info.IsDir() {
			return filepath.Join(run, "zklab")
		}
	}
	return filepath.Join(os.TempDir(), "zklab-"+strconv.Itoa(os.Getuid()))
}

// makeFolder creates the folder. It returns an error if other users can open it, because every user
// can create a folder of that name in /tmp.
func makeFolder() (string, error) {
	dir := folder()
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || !private(info) {
		return "", fmt.Errorf("%s must be a folder that only you can open: remove it, or give the path of a socket elsewhere with --name", dir)
	}
	return dir, nil
}

// path returns the path of an ensemble's socket. A name with a slash is the path itself.
func path(dir, name string) string {
	if strings.ContainsRune(name, os.PathSeparator) {
		return name
	}
	return filepath.Join(dir, name+suffix)
}

// Running returns the names of the running ensembles, sorted.
func Running() []string {
	dir := folder()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no ensemble has run yet
	}
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if ok && alive(filepath.Join(dir, e.Name())) {
			names = append(names, name)
		}
	}
	return names
}

// alive reports whether a process listens on a socket. It removes the socket if none does.
func alive(path string) bool {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
		return true
	}
	if info, look := os.Lstat(path); look == nil && info.Mode().Type() == fs.ModeSocket && errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
		return false
	}
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED)
}

// Find returns the socket of the running ensemble with a name, or at a path if the name has a slash.
// An empty name means the only running ensemble. Find returns ErrNone if none is running, ErrMany if
// the name is empty and several are running, and another error if none has that name.
func Find(name string) (socket string, err error) {
	if strings.ContainsRune(name, os.PathSeparator) {
		if !alive(name) {
			return "", fmt.Errorf("no ensemble uses %s: zklab ensemble up --name %s starts one", name, name)
		}
		return name, nil
	}
	running := Running()
	list := strings.Join(running, ", ")
	switch {
	case len(running) == 0:
		return "", ErrNone
	case name == "" && len(running) > 1:
		return "", fmt.Errorf("%w: choose one with --name: %s", ErrMany, list)
	case name == "":
		name = running[0]
	}
	for _, r := range running {
		if r == name {
			return path(folder(), name), nil
		}
	}
	return "", fmt.Errorf("no ensemble %q is running; running are %s", name, list)
}
