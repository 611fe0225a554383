package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/internal/base/gunzip"
)

// Reader returns the events of a history one after another. It is not safe for concurrent use.
type Reader struct {
	format Format
	opts   Options
	source source
	told   told
	own    own
	others int
	events int       // of clients and others
	line   int       // of the last event
	shared bool      // the last event begins on the line of the one before it
	seeker io.Seeker // nil if the file cannot be read again
	close  func() error
}

// own holds what a zklab history tells about itself.
type own struct {
	model  string
	damage string
}

// source is a reader of one format.
type source interface {
	// next reads the next event into e. mine reports whether it is a client's. io.EOF ends the
	// events.
	next(e *Event) (mine bool, err error)
}

const (
	bufferSize = 256 << 10
	// firstLines is how much shows the format: a log begins with other messages.
	firstLines = 64 << 10
)

// Options say how to read a history. The zero value works.
type Options struct {
	// Format is the format; "" means [Auto].
	Format Format
	// Fields says what fields mean that the reader does not know, or takes for something else: "lock" is "key". The
	// words for meanings are those of [Meanings].
	Fields map[string]string
	// Columns are the names of the columns of a CSV file whose first line does not name them.
	Columns []string
	// Unit is the unit of times that are numbers; 0 means the unit that the field's name says, as in start_ms, or else
	// nanoseconds, and seconds with a decimal point.
	Unit time.Duration
}

// Open opens a history file. The caller must call Close. Errors name the file.
func Open(path string, f Format) (*Reader, error) { return Options{Format: f}.Open(path) }

// Open opens a history file. The caller must call Close. Errors name the file.
func (o Options) Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := o.NewReader(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.close = file.Close
	return r, nil
}

// files are the names of a test's histories in Jepsen's store, best first: the last two have no
// times.
var files = []string{"history.edn", "history.txt", "jepsen.log"}

// InFolder returns the path of the history in the folder of a test in Jepsen's store, compressed or
// not, or "" if there is none.
func InFolder(dir string) string {
	for _, name := range files {
		for _, ending := range []string{"", ".gz"} {
			path := filepath.Join(dir, name+ending)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path
			}
		}
	}
	return ""
}

// NewReader returns a Reader on r, which may be compressed with gzip. With Auto, the beginning
// shows the format; if it shows none, the error is [ErrFormat].
func NewReader(r io.Reader, f Format) (*Reader, error) { return Options{Format: f}.NewReader(r) }

// NewReader is like the function of that name.
func (o Options) NewReader(r io.Reader) (*Reader, error) {
	given, err := givenMeanings(o.Fields)
	if err != nil {
		return nil, err
	}
	in, err := gunzip.Reader(r)
	if err != nil {
		return nil, err
	}
	s := newScanner(in)
	if string(s.ahead(3)) == "\xef\xbb\xbf" { // a byte order mark
		s.pos += 3
	}
	f := cmp.Or(o.Format, Auto)
	if f == Auto && o.Columns != nil {
		f = CSV
	}
	if f == Auto {
		head := s.ahead(firstLines)
		if s.err != nil {
			return nil, s.err
		}
		if f, err = detect(head, given); err != nil {
			return nil, err
		}
	}
	out := &Reader{format: f, opts: o, close: func() error { return nil }}
	out.told.line.given, out.told.clock.unit = given, o.Unit
	out.told.line.say("")
	out.seeker, _ = r.(io.Seeker)
	switch f {
	case JSONL:
		out.source = newJSONSource(s, &out.told, &out.own)
	case EDN, Porcupine:
		out.told.line.say(":")
		out.source = &ednSource{scanner: s, told: &out.told}
	case JepsenLog, JepsenText:
		bare := f == JepsenText && logLike(s.ahead(firstLines)) == ""
		out.source = &logSource{scanner: s, bare: bare, clients: &out.told}
	case CSV:
		out.source = newCSVSource(s, &out.told, o.Columns)
	default:
		return nil, fmt.Errorf("unknown format %q", f)
	}
	return out, nil
}

// Again returns a Reader of the same history from its beginning, which replaces r. Close of either
// closes the file. It returns an error if the input is not an [io.Seeker], as a file is.
func (r *Reader) Again() (*Reader, error) {
	if r.seeker == nil {
		return nil, errors.New("what is read cannot be read twice")
	}
	if _, err := r.seeker.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	opts := r.opts
	opts.Format = r.format
	again, err := opts.NewReader(r.seeker.(io.Reader))
	if err != nil {
		return nil, err
	}
	again.close = r.close
	return again, nil
}

// Others returns the number of skipped events, which belong to no client.
func (r *Reader) Others() int { return r.others }

// Format returns the format of the history.
func (r *Reader) Format() Format { return r.format }

// Clock returns the notation of the times that were read so far.
func (r *Reader) Clock() Clock { return r.told.clock.kind }

// Unit describes the unit of times that are numbers, with where it is said; "" if it is not said.
func (r *Reader) Unit() string { return r.told.clock.said }

// Names returns the names of the processes, by their numbers; nil if they are numbers in the file.
func (r *Reader) Names() []string { return r.told.clients.named }

// Model returns the model that a zklab history names on its first line. It returns "" before that
// line is read, and for other histories.
func (r *Reader) Model() string { return r.own.model }

// Damage returns the reason why a zklab history, as far as it was read, is incomplete; zklab numbers
// the lines. It returns "" if the history is complete, and for other histories.
func (r *Reader) Damage() string { return r.own.damage }

// Next reads the next event of a client into e. After the last event it returns io.EOF. If the
// input cannot be read, it returns a [LineError], and reading cannot go on.
func (r *Reader) Next(e *Event) error {
	if r.told.ends {
		*e, r.told.ends = r.told.end, false
		return nil
	}
	for {
		mine, err := r.source.next(e)
		if err == io.EOF {
			err = cmp.Or(r.told.passed.atEnd(), err)
		}
		if err != nil {
			return r.numbered(err)
		}
		e.Shared = e.Line == r.line
		r.line, r.shared = e.Line, e.Shared
		r.events++
		if mine {
			r.told.end.Line, r.told.end.Index, r.told.end.Shared = e.Line, e.Index, e.Shared
			return nil
		}
		r.others++
	}
}

// numbered adds the event's number to an error if several events begin on its line.
func (r *Reader) numbered(err error) error {
	var at *LineError
	if errors.As(err, &at) && at.Line == r.line && r.shared {
		at.Event = r.events + 1
	}
	return err
}

// Close closes the file that Open opened.
func (r *Reader) Close() error { return r.close() }
