package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/settings"
)

// Experiment is the content of experiment.yaml: everything needed to run the same experiment again.
// Durations are written as 10s or 500ms.
type Experiment struct {
	Recipe  string `yaml:"recipe"`
	Subject string `yaml:"subject,omitempty"`
	// Object is the text of the file that declares the objects, if zklab does not know them (object.Parse).
	Object string `yaml:"object,omitempty"`
	// ObjectFile is the path that Object was read from by this command; "" if it was read from none. It is
	// not stored.
	ObjectFile string `yaml:"-"`

	Ensemble string `yaml:"ensemble,omitempty"` // container, …
	Image    string `yaml:"image,omitempty"`
	Digest   string `yaml:"digest,omitempty"` // of the image that was used; informational
	// UpgradeTo is the second version of the servers, for the fault upgrade: an image of containers, or a version
	// that embedded servers imitate.
	UpgradeTo string `yaml:"upgrade-to,omitempty"`
	// Servers are the addresses of an ensemble that zklab did not start. Chroot is the znode below
	// which the run writes. Commands are the commands that inject and heal server faults.
	Servers           []string `yaml:"servers,omitempty"`
	Chroot            string   `yaml:"chroot,omitempty"`
	ensemble.Commands `yaml:",inline"`
	// Access names the files with which clients connect to these servers.
	Access ensemble.Access `yaml:",inline"`

	// Simulate runs the experiment in virtual time.
	Simulate bool `yaml:"simulate,omitempty"`

	// ClientsAs is Goroutine, Process or empty, which means Goroutine.
	ClientsAs string `yaml:"clients-as,omitempty"`
	// SubjectCommand is the shell command of the adapter that each client runs as.
	SubjectCommand string `yaml:"subject-command,omitempty"`

	settings.Settings `yaml:",inline"`
	// MinLoad is the number of operations that must succeed before the first fault; with fewer, no
	// property is valid. nil means the default.
	MinLoad *int `yaml:"min-load,omitempty"`

	Faults Faults `yaml:"faults,omitempty"`
	// Schedule is the exact schedule of faults to play. If Faults is set as well, Schedule is
	// informational: the schedule that Faults and Seed resulted in.
	Schedule []Scheduled `yaml:"schedule,omitempty"`

	// Arrivals are the arrivals of the load (client3#7) at which clients begin operations; empty
	// means all. Shrunk runs have them.
	Arrivals []string `yaml:"arrivals,omitempty"`

	Seed *int64 `yaml:"seed,omitempty"`

	// Zklab is the version of zklab that ran the experiment (zklab.Version); informational.
	Zklab string `yaml:"zklab,omitempty"`
}

// Values of Experiment.ClientsAs.
const (
	Goroutine = "goroutine" // within zklab's own process
	Process   = "process"   // each in a process of its own
)

// Faults are the items of a fault expression (docs/faults.md). A file can have them as a list, or
// the expression as one string.
type Faults []string

// UnmarshalYAML reads a list or a string.
func (f *Faults) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err == nil {
		*f = Faults{text}
		return nil
	}
	return decode((*[]string)(f))
}

// Expression joins the items to one fault expression.
func (f Faults) Expression() string { return strings.Join(f, ",") }

// Scheduled is one fault of a schedule, at a time or at a message (docs/faults.md).
type Scheduled struct {
	At    time.Duration `yaml:"at,omitempty"`
	Point string        `yaml:"point,omitempty"`
	For   time.Duration `yaml:"for"`
	Fault string        `yaml:"fault"`
	// Seed determines the fault's random choices. Faults in the same lane wait for each other;
	// faults in lane 0 do not wait.
	Seed uint64 `yaml:"seed,omitempty"`
	Lane int    `yaml:"lane,omitempty"`
}

// longest is how many bytes an experiment file may have.
const longest = 64 << 20

// ReadExperiment reads an experiment file. An unknown field is an error. Errors name the line and
// column where possible.
func ReadExperiment(path string) (Experiment, error) {
	f, err := os.Open(path)
	if err != nil {
		return Experiment{}, fmt.Errorf("cannot read the experiment: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, longest+1)) // a device may have no end
	switch {
	case err != nil:
		return Experiment{}, fmt.Errorf("cannot read the experiment: %w", err)
	case len(b) > longest:
		return Experiment{}, fmt.Errorf("%s is no experiment file: it has more than %s", path, prose.Bytes(longest))
	}
	x, err := ParseExperiment(b)
	if err != nil {
		return x, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// ParseExperiment parses the content of an experiment file; see [ReadExperiment].
func ParseExperiment(b []byte) (x Experiment, err error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff")) // which editors on Windows put first
	if err := decode(b, &x); err != nil {
		return x, err
	}
	if err := noRecipe(b); err != nil {
		return x, err
	}
	return x, fraction(b)
}

// WriteExperiment writes an experiment file.
func WriteExperiment(path string, x Experiment) error {
	b, err := FormatExperiment(x)
	if err != nil {
		return fmt.Errorf("write experiment: %w", err)
	}
	return WriteFile(path, b)
}

// FormatExperiment returns the content of an experiment file. It quotes strings with tabs, and with blank lines at the end, which the library sometimes
// writes unquoted but drops when it reads them. It writes other strings of several lines as they are, if
// they are the same when they are read.
func FormatExperiment(x Experiment) ([]byte, error) {
	return yaml.MarshalWithOptions(x, yaml.CustomMarshaler(func(s string) ([]byte, error) {
		if strings.Contains(s, "\t") || strings.HasSuffix(s, "\n\n") {
			return json.Marshal(s)
		}
		if !strings.Contains(s, "\n") {
			return yaml.Marshal(s)
		}
		lines, err := yaml.MarshalWithOptions(s, yaml.UseLiteralStyleIfMultiline(true))
		var again string
		if err != nil || yaml.Unmarshal(lines, &again) != nil || again != s {
			return json.Marshal(s)
		}
		return lines, nil
	}))
}
