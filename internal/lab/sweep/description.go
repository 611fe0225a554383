package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/internal/base/printable"
)

// Description describes what is being swept: the first line of runs.jsonl.
type Description struct {
	// Format is the format of the file: [Format].
	Format int `json:"format"`
	// Settings are everything that determines the run of a seed, with names for people. Runs that
	// differ in one of them belong to different sweeps.
	Settings []Setting `json:"settings"`
	// Seeds holds the seeds of the whole sweep, of which Shard is a part.
	Seeds Seeds `json:"seeds"`
	Shard Shard `json:"shard"`
	// Command runs the sweep again, or goes on with it. With --shard appended, it does so for one
	// shard.
	Command string `json:"command,omitempty"`
	// Replay runs one seed again; {seed} stands for it.
	Replay string `json:"replay,omitempty"`
	// Asked are the faults that the user asked for; nil if there are none.
	Asked *Asked `json:"asked,omitempty"`
}

// Format is the version of runs.jsonl that this package writes, and the only one it reads.
const Format = 1

// Setting is a name with its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RanBy is the name of the setting that is the version of zklab that runs the sweep.
const RanBy = "zklab"

// Label returns the name that the user gave to the sweep; "" if there is none.
func (d *Description) Label() string { return d.Setting("label") }

// Setting returns the value of a name; empty if there is none.
func (d *Description) Setting(name string) string {
	for _, s := range d.Settings {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// ReplayOf returns the command for one seed.
func (d *Description) ReplayOf(seed int64) string {
	return strings.ReplaceAll(d.Replay, "{seed}", strconv.FormatInt(seed, 10))
}

// CommandOf returns the command for a shard.
func (d *Description) CommandOf(s Shard) string {
	if d.Command == "" || d.Shard.Whole() {
		return d.Command
	}
	return d.Command + " --shard " + s.String()
}

// differs says in a few words in which setting two sweeps differ; empty if they do not.
func (d *Description) differs(other *Description) string {
	if d.Format != other.Format {
		return fmt.Sprintf("its format is %d, but this zklab reads %d", d.Format, other.Format)
	}
	var parts []string
	for _, s := range other.Settings {
		if was := d.Setting(s.Name); was != s.Value {
			parts = append(parts, fmt.Sprintf("%s is %s there and %s here", s.Name, quoted(was), quoted(s.Value)))
		}
	}
	for _, s := range d.Settings {
		if other.Setting(s.Name) == "" && s.Value != "" && !named(other, s.Name) {
			parts = append(parts, fmt.Sprintf("%s is %s there but not set here", s.Name, quoted(s.Value)))
		}
	}
	return strings.Join(parts, ", ")
}

func named(d *Description, name string) bool {
	return slices.ContainsFunc(d.Settings, func(s Setting) bool { return s.Name == name })
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return printable.Text(value, 60)
}

// continues returns an error that says why a sweep cannot go on from its journal; nil if it can. It
// may have more seeds than before.
func (d *Description) continues(old *Description) error {
	if text := old.differs(d); text != "" {
		return fmt.Errorf("another sweep is there: %s", text)
	}
	switch {
	case old.Shard.String() != d.Shard.String():
		return fmt.Errorf("shard %s is there, and not %s", old.Shard, d.Shard)
	case !d.Seeds.Includes(old.Seeds):
		return fmt.Errorf("the seeds there are %s; give seeds that include them", old.Seeds.Brief(5))
	}
	return nil
}

var errNoDescription = errors.New("its first line, which describes the sweep, is missing")
