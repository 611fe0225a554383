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

// ErrNone says that there is no ensemble to control.
var ErrNone = errors.New("no ensemble is running: start one with zklab ensemble up")

// ErrMany says that it is not clear which ensemble is meant.
var ErrMany = errors.New("several ensembles are running")

const (
	suffix = ".sock"
	// longest is how long the path of a socket can be on every system.
	longest = 103
)

// folder is where the sockets of this user's ensembles are: below
// XDG_RUNTIME_DIR, or else below the folder for temporary files.
func folder() string {
	if run := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(run) {
		if info, err := os.Stat(run); err == nil && info.IsDir() {
			return filepath.Join(run, "zklab")
		}
	}
	return filepath.Join(os.TempDir(), "zklab-"+strconv.Itoa(os.Getuid()))
}

// makeFolder makes the folder, and makes sure that it is the user's alone: anybody
// can make one of that name below /tmp.
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

// path is where the socket of an ensemble is: what looks like a path is one, all
// else a name.
func path(dir, name string) string {
	if strings.ContainsRune(name, os.PathSeparator) {
		return name
	}
	return filepath.Join(dir, name+suffix)
}

// Running gives the names of the ensembles that can be controlled, in
// alphabetical order.
func Running() []string {
	dir := folder()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there never was one
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

// alive says whether somebody listens on a socket, and removes it if nobody does.
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

// Find gives the socket of the ensemble with that name, or at that path; with an
// empty name, of the only one that is running.
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
