package sample

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// LockRun returns the history of a minute of the lock with faults.
func LockRun(broken bool) *history.History {
	return Lock{Length: time.Minute, Clients: 5, Keys: 5, Faults: true, Broken: broken, Seed: 42}.History()
}

// ShortRun returns a history with two faults and some violations.
func ShortRun() *history.History {
	return Lock{Length: 20 * time.Second, Clients: 3, Keys: 2, Faults: true, Broken: true, Seed: 2}.History()
}

// Took returns times in milliseconds. Negative ones are lower bounds.
func Took(ms ...int) *measured.Times {
	t := &measured.Times{}
	for _, d := range ms {
		t.Add(measured.Bound{Time: time.Duration(max(d, -d)) * time.Millisecond, AtLeast: d < 0}, 1)
	}
	return t
}

// UpTo returns 1, 2, … n milliseconds.
func UpTo(n int) (ms []int) {
	for i := range n {
		ms = append(ms, i+1)
	}
	return ms
}

// WellFormed reads XML to its end, and returns the first error in it.
func WellFormed(content []byte) error {
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Files returns the files of a folder by their paths, with another name in place of the folder's own.
func Files(dir, as string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = bytes.ReplaceAll(content, []byte(dir), []byte(as))
		return err
	})
	return files, err
}

// Fits returns an error about the lines of a summary that are too wide, except those that are meant to be copied, and
// about control characters.
func Fits(text string) (err error) {
	for line := range strings.Lines(text) {
		if n := ansi.StringWidth(strings.TrimRight(line, "\n")); n > sheet.Width && !strings.HasPrefix(line, "  report") && !strings.HasPrefix(line, "  replay") {
			err = errors.Join(err, fmt.Errorf("%d columns: %q", n, line))
		}
	}
	if strings.ContainsAny(text, "\x1b\x07") {
		err = errors.Join(err, errors.New("control characters without colour"))
	}
	return err
}

// Nasty is text that breaks out of a page that does not escape it.
const Nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x01]]>"

// PlantedTimes returns the times of a sweep: enough for two faults, one of which has lower bounds,
// too few for a third, and none for a fourth.
func PlantedTimes() *samples.Samples {
	return &samples.Samples{
		Runs: 3,
		Faults: map[string]*samples.Fault{
			"kill:leader":     {Verified: 100, Felt: 100, Failovers: Took(UpTo(100)...), Affected: Took(UpTo(7)...)},
			"pause:" + Nasty:  {Verified: 8, Felt: 8, Failovers: Took(10, 20, 30, 40, -5, -25, -50, 60), HandOvers: Took(-7)},
			"expire:any":      {Verified: 3, Felt: 3, Failovers: Took(1, 2, -3), HandOvers: Took(1, 2, 3, 4)},
			"duplicate:every": {Verified: 5},
		},
		HandOvers:  Took(UpTo(10)...),
		Operations: map[string]*samples.Operation{"acquire": {OK: 39, Latency: Took(UpTo(39)...)}, "release": {OK: 38, Latency: Took(UpTo(38)...)}, "inspect": {Fail: 3}},
	}
}

// Stuck is a fault after which only one client had a success, and a key was not granted again.
var Stuck = stats.Fault{
	Number: 1, Kind: "partition", Spec: "partition:halves", Outcome: history.StepVerified, Verified: time.Second,
	Clients: []int{0, 1}, Failover: -1, FailoverAtLeast: 5 * time.Second, FailoverAffected: 20 * time.Millisecond, Felt: true,
	Affected: []stats.ClientFailover{
		{Client: 0, Bound: measured.Bound{Time: 5 * time.Second, AtLeast: true}},
		{Client: 1, Bound: measured.Bound{Time: 20 * time.Millisecond}},
	},
	HandOvers: []stats.HandOver{{Key: "k1", Client: 1, Bound: measured.Bound{Time: 9 * time.Second, AtLeast: true}}},
}

// TestFaultsOfAllSorts draws outcomes that no fault of the samples has.
// FaultsOfAllSorts returns a fault with each outcome.
func FaultsOfAllSorts() []stats.Fault {
	return []stats.Fault{
		{Number: 1, Kind: "pause", Spec: "pause:all", Outcome: history.StepVerified, Verified: time.Second, Failover: -1, FailoverAffected: -1, NoMajority: true, Felt: true},
		{Number: 2, Kind: "pause", Outcome: history.StepSkipped, Failover: -1, FailoverAffected: -1, Warnings: []string{"nobody was there"}},
		{Number: 3, Kind: "kill", Outcome: history.StepFailed, Failover: -1, FailoverAffected: -1},
		{Number: 4, Kind: "kill", Failover: -1, FailoverAffected: -1},
	}
}

// Rows counts the rows of a text on a screen of 80 columns.
func Rows(text string) (rows int) {
	for line := range strings.Lines(text) {
		rows += max(1, (ansi.StringWidth(strings.TrimRight(line, "\n"))+79)/80)
	}
	return rows
}

// Lost returns the lines of a text that a page does not have.
func Lost(text, page string) (lost []string) {
	page = html.UnescapeString(page)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.Contains(page, line) {
			lost = append(lost, line)
		}
	}
	return lost
}
