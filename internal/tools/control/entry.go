package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/base/owner"
	"github.com/zklab/zklab/internal/base/printable"
)

// Entry is what a process writes down of its ensemble, for when it has died.
type Entry struct {
	Name     string        `json:"name"`
	Backend  string        `json:"backend"` // embedded or container
	Connect  string        `json:"connect"` // for clients: host:port,...
	Since    time.Time     `json:"since"`
	Detached bool          `json:"detached"`
	Process  owner.Process `json:"process"`
	Run      string        `json:"run,omitempty"`  // the label of its containers
	Data     string        `json:"data,omitempty"` // the folder that it keeps its data in
	Log      string        `json:"log,omitempty"`  // of a detached one: what it says
}

// The endings of the files beside a socket, which have its name.
const (
	entrySuffix = ".json"
	logSuffix   = ".log"
)

// Write writes the entry down, in place of that of an ensemble of this name which has died. Its
// log, if it has one, gets its place beside it.
func (e *Entry) Write() error {
	dir, err := makeFolder()
	if err != nil {
		return err
	}
	if e.Log != "" {
		log := filepath.Join(dir, e.Name+logSuffix)
		if err := os.Rename(e.Log, log); err != nil {
			return err
		}
		e.Log = log
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, e.Name+entrySuffix), 0o600, text)
}

// Remove removes the entry and what lies beside it.
func (e Entry) Remove() error {
	var errs []error
	for _, suffix := range []string{logSuffix, suffix, entrySuffix} { // the entry last: it is waited for
		if err := os.Remove(filepath.Join(folder(), e.Name+suffix)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Socket is where the ensemble can be controlled while its process lives.
func (e Entry) Socket() string { return path(folder(), e.Name) }

// Died says that the process of the ensemble has ended without removing its entry: it was
// killed, or the machine was started again. If nobody can know, it is false.
func (e Entry) Died() bool { return e.Process.Lives(owner.Self()) == owner.Dead }

// Entries are those that are written down, by name. Files that are no entries are passed over, and
// all in a folder that somebody else can write to.
func Entries() (all []Entry) {
	if info, err := os.Lstat(folder()); err != nil || !private(info) {
		return nil
	}
	files, _ := os.ReadDir(folder())
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), entrySuffix) {
			continue
		}
		var e Entry
		text, err := os.ReadFile(filepath.Join(folder(), file.Name()))
		if err == nil && json.Unmarshal(text, &e) == nil && e.Name+entrySuffix == file.Name() {
			all = append(all, e)
		}
	}
	return all
}

// Written says whether the entry is still that of the same process.
func (e Entry) Written() bool {
	for _, other := range Entries() {
		if other.Name == e.Name {
			return other.Process == e.Process && other.Since.Equal(e.Since)
		}
	}
	return false
}

// NewLog makes a file for what an ensemble says that has no name yet.
func NewLog() (*os.File, error) {
	dir, err := makeFolder()
	if err != nil {
		return nil, fmt.Errorf("a log of the ensemble: %w", err)
	}
	return os.CreateTemp(dir, "starting-*.out")
}

// lastOfLog bounds what is read of a log for its last line.
const lastOfLog = 4 << 10

// LastError is the last line of the ensemble's log if that is an error, fit for a terminal.
func (e Entry) LastError() string {
	f, err := os.Open(e.Log)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > lastOfLog {
		_, _ = f.Seek(-lastOfLog, io.SeekEnd)
	}
	text, _ := io.ReadAll(io.LimitReader(f, lastOfLog))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "error: ") {
		return printable.Text(last, 400)
	}
	return ""
}
