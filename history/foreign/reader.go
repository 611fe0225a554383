package foreign

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zklab/zklab/internal/base/gunzip"
)

// Reader gives the events of a history one after another. It is not safe for
// concurrent use.
type Reader struct {
	format Format
	source source
	own    own
	others int
	events int       // of clients and others
	line   int       // of the last one
	shared bool      // with the one before it
	seeker io.Seeker // nil if the file cannot be read again
	close  func() error
}

// own is what a history of zklab's own says of itself.
type own struct {
	model  string
	damage string
}

// source is a reader of one format.
type source interface {
	// next reads the next event into e, if it is a client's; io.EOF ends it.
	next(e *Event) (mine bool, err error)
}

const (
	bufferSize = 256 << 10
	// firstLines is how much shows the format: a log begins with other messages.
	firstLines = 64 << 10
)

// Open reads a file. Close it. Errors name the file.
func Open(path string, f Format) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file, f)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.close = file.Close
	return r, nil
}

// files are how Jepsen calls the histories of a test in its store, the best first: the
// last two have no times.
var files = []string{"history.edn", "history.txt", "jepsen.log"}

// InFolder finds the history in the folder of a test in Jepsen's store, packed or not;
// empty if there is none.
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

// NewReader reads from r in a format, or in the one that its beginning shows, also
// what is packed by gzip. The error is [ErrFormat] if it is none.
func NewReader(r io.Reader, f Format) (*Reader, error) {
	in, err := gunzip.Reader(r)
	if err != nil {
		return nil, err
	}
	s := newScanner(in)
	if string(s.ahead(3)) == "\xef\xbb\xbf" { // a byte order mark
		s.pos += 3
	}
	if f == Auto || f == "" {
		head := s.ahead(firstLines)
		if s.err != nil {
			return nil, s.err
		}
		if f, err = detect(head); err != nil {
			return nil, err
		}
	}
	out := &Reader{format: f, close: func() error { return nil }}
	out.seeker, _ = r.(io.Seeker)
	switch f {
	case JSONL:
		out.source = newJSONSource(s, &out.own)
	case EDN, Porcupine:
		out.source = &ednSource{scanner: s}
	case JepsenLog, JepsenText:
		bare := f == JepsenText && logLike(s.ahead(firstLines)) == ""
		out.source = &logSource{scanner: s, bare: bare}
	default:
		return nil, fmt.Errorf("unknown format %q", f)
	}
	return out, nil
}

// Again gives a reader of the same history from its beginning, which takes the
// place of this one; Close of either closes the file. It fails if what is read
// is no file or the like (an [io.Seeker]).
func (r *Reader) Again() (*Reader, error) {
	if r.seeker == nil {
		return nil, errors.New("what is read cannot be read twice")
	}
	if _, err := r.seeker.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	again, err := NewReader(r.seeker.(io.Reader), r.format)
	if err != nil {
		return nil, err
	}
	again.close = r.close
	return again, nil
}

// Others is how many events of no client were passed over so far.
func (r *Reader) Others() int { return r.others }

// Format is what the history is written in.
func (r *Reader) Format() Format { return r.format }

// Model is the model that a history of zklab's own names in its first line;
// empty before that was read, and for all others.
func (r *Reader) Model() string { return r.own.model }

// Damage says of a history of zklab's own, as far as it was read, why it is not all
// that zklab wrote: its lines are numbered. Empty if it is, and for all others.
func (r *Reader) Damage() string { return r.own.damage }

// Next reads the next event of a client into e. After the last it gives io.EOF;
// what cannot be read is a [LineError], and nothing can be read after it.
func (r *Reader) Next(e *Event) error {
	for {
		mine, err := r.source.next(e)
		if err != nil {
			return r.numbered(err)
		}
		e.Shared = e.Line == r.line
		r.line, r.shared = e.Line, e.Shared
		r.events++
		if mine {
			return nil
		}
		r.others++
	}
}

// numbered adds to what is wrong the event's number, if several began in its line.
func (r *Reader) numbered(err error) error {
	var at *LineError
	if errors.As(err, &at) && at.Line == r.line && r.shared {
		at.Event = r.events + 1
	}
	return err
}

// Close closes the file that Open opened.
func (r *Reader) Close() error { return r.close() }
