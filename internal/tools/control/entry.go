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

// Entry is the record of an ensemble. Its process writes it to a file, for use after it has died.
type Entry struct {
	Name     string        `json:"name"`
	Backend  string        `json:"backend"` // embedded or container
	Connect  string        `json:"connect"` // for clients: host:port,...
	Since    time.Time     `json:"since"`
	Detached bool          `json:"detached"`
	Process  owner.Process `json:"process"`
	Run      string        `json:"run,omitempty"`  // the label of its containers
	Data     string        `json:"data,omitempty"` // the folder with its data
	Log      string        `json:"log,omitempty"`  // the log of a detached ensemble
}

// The suffixes of the files beside a socket, which have its name.
const (
	entrySuffix = ".json"
	logSuffix   = ".log"
)

// Write writes the entry to a file. It replaces the entry of an ensemble with the same name that has
// died. It moves the log, if there is one, beside the entry, and sets Log.
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

// Remove removes the entry, its socket and its log.
func (e Entry) Remove() error {
	var errs []error
	for _, suffix := range []string{logSuffix, suffix, entrySuffix} { // the entry last: other processes wait until it is gone
		if err := os.Remove(filepath.Join(folder(), e.Name+suffix)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Socket returns the path of the socket at which the process listens while it is alive.
func (e Entry) Socket() string { return path(folder(), e.Name) }

// Died reports whether the process of the ensemble has ended: it was killed, or the machine was
// restarted. It is false if that cannot be found out.
func (e Entry) Died() bool { return e.Process.Lives(owner.Self()) == owner.Dead }

// Entries returns all entries, sorted by name. It skips files that are not entries. It returns none if
// other users can write to the folder.
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

// Written reports whether the file of the entry exists and is still that of the same process.
func (e Entry) Written() bool {
	for _, other := range Entries() {
		if other.Name == e.Name {
			return other.Process == e.Process && other.Since.Equal(e.Since)
		}
	}
	return false
}

// NewLog creates a file for the log of an ensemble that has no name yet.
func NewLog() (*os.File, error) {
	dir, err := makeFolder()
	if err != nil {
		return nil, fmt.Errorf("cannot create a log for the ensemble: %w", err)
	}
	return os.CreateTemp(dir, "starting-*.out")
}

// lastOfLog is how many bytes at the end of a log LastError reads.
const lastOfLog = 4 << 10

// LastError returns the last line of the ensemble's log if it is an error, with control characters
// escaped, and otherwise "".
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
