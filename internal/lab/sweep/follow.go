package sweep

import (
	"bytes"
	"io"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/growing"
)

// Follower reads the runs.jsonl of one shard while it grows, and counts what is in it. It parses
// only the lines of runs that failed, so ten thousand runs take milliseconds. It is for one
// goroutine at a time.
type Follower struct {
	// Description is the latest description in the file; nil before there is one.
	Description *Description
	// Began is when the first session began. Session is the latest session.
	Began   time.Time
	Session Session
	// Ended is why the latest session ended; empty while it has not.
	Ended End
	// Effective lists the kinds of faults that took effect, as reported by sessions that have ended.
	Effective []FaultCount
	// Lines counts the runs, Verdicts those with each verdict, and Errors those that could not be
	// performed.
	Lines    int64
	Verdicts map[checker.Result]int
	Errors   int
	// WhyUnknown is a reason of the first run that was not decided; "" if there is none.
	WhyUnknown string
	// Took is the time from the beginning of the latest line's session to that line.
	Took time.Duration

	in     string
	file   *growing.Lines
	tally  *Tally
	recent []time.Duration // when the latest lines were written, since their session began
}

// NewFollower returns a Follower of the runs.jsonl in the folder in. Findings name the folders of
// kept runs below that folder.
func NewFollower(in string) *Follower {
	return &Follower{Verdicts: map[checker.Result]int{}, in: in, file: growing.NewLines(mostLine), tally: NewTally()}
}

// Next reads the lines that were completed since the last call. r must be the same file each time,
// which only grows. After an error, the Follower cannot go on.
func (f *Follower) Next(r io.ReaderAt) error { return f.file.Next(r, f.line) }

// Offset returns how many bytes of the file were read.
func (f *Follower) Offset() int64 { return f.file.Offset() }

// passes has, by verdict, what follows the seed in the lines of runs without a violation.
var passes = map[checker.Result][]byte{
	checker.Valid:   []byte(`,"verdict":"valid",`),
	checker.Unknown: []byte(`,"verdict":"unknown",`),
}

func (f *Follower) line(text []byte) error {
	if !bytes.HasPrefix(text, seedPrefix) {
		return f.other(text)
	}
	f.Lines++
	f.at(text)
	for verdict, prefix := range passes {
		digits := bytes.TrimLeft(text[len(seedPrefix):], "0123456789")
		if bytes.HasPrefix(digits, prefix) {
			if f.Verdicts[verdict]++; verdict == checker.Unknown && f.Verdicts[verdict] == 1 {
				e, err := parseEntry(text)
				if err != nil {
					return err
				}
				f.WhyUnknown = e.Line.WhyUnknown()
			}
			return nil
		}
	}
	e, err := parseEntry(text)
	if err != nil {
		return err
	}
	if e.Line.Verdict != "" {
		f.Verdicts[e.Line.Verdict]++
	}
	if e.Line.Error != "" {
		f.Errors++
	}
	return f.tally.take(e, f.in)
}

// other reads a line that does not describe a run.
func (f *Follower) other(text []byte) error {
	e, err := parseEntry(text)
	if err != nil {
		return err
	}
	switch {
	case e.Sweep != nil:
		f.Description = e.Sweep
	case e.Session != nil:
		if f.Session, f.Ended, f.Took, f.recent = *e.Session, "", 0, nil; f.Began.IsZero() {
			f.Began = e.Session.Began
		}
	case e.Ended != nil:
		f.Ended, f.Effective = e.Ended.Why, nil
		for _, kind := range e.Ended.Took {
			count := FaultCount{Kind: kind}
			count.add(&Struck{Faults: map[string][2]int{kind: {1, 1}}, Unanswered: e.Ended.Unanswered, Uncalled: e.Ended.Uncalled}) // as of one run
			f.Effective = append(f.Effective, count)
		}
	}
	return f.tally.take(e, f.in)
}

// Rates are computed from this many of the latest lines.
const recentLines = 200

// at records when a line was written.
func (f *Follower) at(text []byte) {
	_, rest, ok := bytes.Cut(text, []byte(`"at_ms":`))
	if !ok {
		return
	}
	var ms int64
	for _, c := range rest {
		if c < '0' || c > '9' || ms > 1e15 {
			break
		}
		ms = 10*ms + int64(c-'0')
	}
	f.Took = milliseconds(ms)
	if f.recent = append(f.recent, f.Took); len(f.recent) > 2*recentLines {
		f.recent = slices.Clone(f.recent[recentLines:])
	}
}

// Rate returns the number of runs per second, by the latest lines; 0 if it is not known.
func (f *Follower) Rate() float64 {
	last := f.recent[max(0, len(f.recent)-recentLines):]
	if len(last) < 2 || last[len(last)-1] <= last[0] {
		return 0
	}
	return float64(len(last)-1) / (last[len(last)-1] - last[0]).Seconds()
}

// Findings returns the violations so far that decide the verdict, by cause, the most frequent
// first. It leaves out measured properties, since lines of runs that passed are not parsed.
func (f *Follower) Findings() []Finding {
	decided := 0
	for _, n := range f.Verdicts {
		decided += n
	}
	return slices.DeleteFunc(f.tally.findings(decided), func(x Finding) bool { return x.Measured })
}
