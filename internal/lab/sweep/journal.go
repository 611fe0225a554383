package sweep

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/zklab/zklab/internal/base/filelock"
)

// keptFolder is within the folder of a sweep, or of a shard of it.
const keptFolder = "runs" // has a folder for each run that is kept, named by its seed

// Journal is the folder of a sweep under way, locked for this process. A line that was written
// stays, whatever happens to the process; a seed without a line was not run. Its methods are for
// one goroutine at a time.
type Journal struct {
	dir   string
	file  *os.File
	began time.Time
	Tally *Tally // adds up all lines
}

// ErrOtherSweep means that a folder belongs to a sweep that is not the one to be run.
var ErrOtherSweep = errors.New("the folder is taken")

// OpenJournal opens the folder of a sweep, or makes it. If the sweep was killed, it drops the line
// that was being written, and the folders of runs whose lines were not written yet. It returns an
// error if the folder belongs to another sweep ([ErrOtherSweep]), or if another process works on it
// ([filelock.ErrHeld]).
func OpenJournal(dir string, d Description, jobs int) (*Journal, error) {
	d.Format = Format
	if err := os.MkdirAll(filepath.Join(dir, keptFolder), 0o755); err != nil {
		return nil, fmt.Errorf("open the sweep: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, JournalFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the sweep: %w", err)
	}
	l := &Journal{dir: dir, file: file, began: time.Now(), Tally: NewTally()}
	if err := l.open(d, jobs); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return l, nil
}

func (l *Journal) open(d Description, jobs int) error {
	if err := filelock.Try(l.file); err != nil {
		return err
	}
	whole, err := readJournal(l.file, func(e entry) error { return l.Tally.take(e, "") })
	if err != nil {
		return err
	}
	if err := l.file.Truncate(whole); err != nil {
		return err
	}
	if _, err := l.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	old := l.Tally.Description
	if old != nil {
		if err := d.continues(old); err != nil {
			return fmt.Errorf("%w: %w", ErrOtherSweep, err)
		}
	}
	if old == nil || old.Seeds.String() != d.Seeds.String() {
		if err := l.write(entry{Sweep: &d}); err != nil {
			return err
		}
	}
	if err := l.dropStale(); err != nil {
		return err
	}
	return l.write(entry{Session: &Session{Began: l.began.UTC().Truncate(time.Millisecond), Jobs: jobs}})
}

// dropStale removes the folders of runs that have no line.
func (l *Journal) dropStale() error {
	entries, err := os.ReadDir(filepath.Join(l.dir, keptFolder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if seed, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && l.Done(seed) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(l.dir, keptFolder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// write writes one line, in one call.
func (l *Journal) write(e entry) error {
	b, err := render(e)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(b); err != nil {
		return fmt.Errorf("write the sweep: %w", err)
	}
	return l.Tally.take(e, "")
}

// Done reports whether a seed has its line.
func (l *Journal) Done(seed int64) bool { return l.Tally.seen.has(seed) }

// Folder returns the folder for the run of a seed, in case it is kept. The folder does not exist
// yet.
func (l *Journal) Folder(seed int64) string {
	return filepath.Join(l.dir, keptFolder, strconv.FormatInt(seed, 10))
}

// Write adds the line of a run, with the run's folder if that exists.
func (l *Journal) Write(line Line) error {
	if _, err := os.Stat(l.Folder(line.Seed)); err == nil {
		line.Kept = filepath.ToSlash(filepath.Join(keptFolder, strconv.FormatInt(line.Seed, 10)))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	line.AtMS = time.Since(l.began).Milliseconds()
	return l.write(entry{Line: &line})
}

// End writes why the session ended, and the archive beside the folder.
func (l *Journal) End(why End) error {
	ended := l.Tally.endedBy(why, time.Since(l.began))
	err := l.write(entry{Ended: &ended})
	if err != nil {
		return err
	}
	if err := archive(l.file.Name(), filepath.Clean(l.dir)+ArchiveEnd); err != nil {
		return fmt.Errorf("write the archive of the sweep: %w", err)
	}
	return nil
}

// Close unlocks the folder.
func (l *Journal) Close() error { return l.file.Close() }
