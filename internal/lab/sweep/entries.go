package sweep

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zklab/zklab/history"
)

// entries.go reads and writes runs.jsonl, which is of four sorts of lines:
//
//	{"sweep": Description}    the first; again where the same sweep was given more seeds
//	{"session": Session}      a process begins to work on it
//	{"seed": …}               Line
//	{"ended": Ended}          that process ended in good order
type entry struct {
	Sweep   *Description `json:"sweep,omitempty"`
	Session *Session     `json:"session,omitempty"`
	Ended   *Ended       `json:"ended,omitempty"`
	Line    *Line        `json:"-"`
}

// Session is one process's work on a sweep.
type Session struct {
	Began time.Time `json:"began"` // wall clock, UTC
	Jobs  int       `json:"jobs"`
}

// Ended is why a session ended.
type Ended struct {
	Why End `json:"why"`
	// WallMS is how long it lasted, in milliseconds.
	WallMS int64 `json:"wall_ms"`
	// Took lists the kinds of faults that had taken effect in some run, including runs of earlier
	// sessions.
	Took []string `json:"took,omitempty"`
	// Unanswered lists the faults after whose effects clients called operations of the load, or waited in them, and none
	// succeeded in any of these runs. Uncalled lists those after which they neither called any nor waited.
	Unanswered []string `json:"unanswered,omitempty"`
	Uncalled   []string `json:"uncalled,omitempty"`
}

// End is why a sweep ended, or paused.
type End string

// The ends.
const (
	AllSeeds    End = "seeds"       // every seed was run
	TimeIsUp    End = "time"        // the time for it was over
	Enough      End = "violations"  // as many runs had violations as the user asked for
	Interrupted End = "interrupted" // the user interrupted it
)

// mostLine bounds a line, in bytes: zklab never writes a longer line.
const mostLine = 16 << 20

// readAhead is how much is read at a time, in bytes: archives may be many and small.
const readAhead = 64 << 10

// seedPrefix is how the line of a run begins.
var seedPrefix = []byte(`{"seed":`)

func parseEntry(text []byte) (e entry, err error) {
	if bytes.HasPrefix(text, seedPrefix) {
		e.Line = new(Line)
		if err = history.Unmarshal(text, e.Line); err == nil && (e.Line.Seed < 1 || e.Line.Seed > MaxSeed) {
			err = fmt.Errorf("seed is %d: expected one from 1 to %d", e.Line.Seed, MaxSeed)
		}
		return e, err
	}
	err = history.Unmarshal(text, &e)
	if err == nil && e.Sweep == nil && e.Session == nil && e.Ended == nil {
		err = errors.New("it is not a line of a sweep")
	}
	return e, err
}

// readJournal passes each line to take. It returns how many bytes are complete lines. It ignores
// what follows them: a line that was cut off when its writer was killed.
func readJournal(r io.Reader, take func(entry) error) (whole int64, err error) {
	lines := bufio.NewReaderSize(r, readAhead)
	var long []byte
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		for long = long[:0]; errors.Is(err, bufio.ErrBufferFull); text, err = lines.ReadSlice('\n') {
			if long = append(long, text...); len(long) > mostLine {
				return whole, fmt.Errorf("line %d is longer than %d bytes", n, mostLine)
			}
		}
		if len(long) > 0 {
			text = append(long, text...)
		}
		if err == io.EOF {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		e, err := parseEntry(text)
		if err == nil {
			err = take(e)
		}
		if err != nil {
			return whole, fmt.Errorf("line %d: %w", n, err)
		}
		whole += int64(len(text))
	}
}

// render returns an entry as it is written, in one piece.
func render(e entry) ([]byte, error) {
	var value any = e
	if e.Line != nil {
		value = e.Line
	}
	b, err := json.Marshal(value)
	return append(b, '\n'), err
}

// The names of the files of a sweep: a journal in the folder of each shard, the ending of the archive
// beside that folder, and the page of the sweep.
const (
	JournalFile = "runs.jsonl"
	ArchiveEnd  = ".jsonl.gz"
	PageFile    = "sweep.html"
)
