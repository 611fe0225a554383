package store

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/settings"
)

// Experiment is the content of experiment.yaml: everything needed to run the
// same experiment again. Times are written as 10s, 500ms.
type Experiment struct {
	Recipe  string `yaml:"recipe"`
	Subject string `yaml:"subject,omitempty"`

	Ensemble string `yaml:"ensemble,omitempty"` // container, …
	Image    string `yaml:"image,omitempty"`
	Digest   string `yaml:"digest,omitempty"` // of the image that was used; for readers
	// Servers are those of an ensemble that somebody else started, Chroot the znode
	// below which all is done, Commands what harms servers and undoes it.
	Servers           []string `yaml:"servers,omitempty"`
	Chroot            string   `yaml:"chroot,omitempty"`
	ensemble.Commands `yaml:",inline"`

	// Simulate runs it in virtual time.
	Simulate bool `yaml:"simulate,omitempty"`

	// ClientsAs is how clients run: Goroutine (also if it is empty) or Process.
	ClientsAs string `yaml:"clients-as,omitempty"`
	// SubjectCommand is the shell command of an adapter, which each client runs as.
	SubjectCommand string `yaml:"subject-command,omitempty"`

	settings.Settings `yaml:",inline"`
	// MinLoad is how many operations must have succeeded before the first fault for a valid to
	// count; nil: the default.
	MinLoad *int `yaml:"min-load,omitempty"`

	Faults Faults `yaml:"faults,omitempty"`
	// Schedule is, beside Faults, what those and Seed came to, for readers. Without Faults
	// it is what is done, exactly.
	Schedule []Scheduled `yaml:"schedule,omitempty"`

	// Arrivals are those at which clients begin something in the load (client3#7); without
	// them all. A run that was shrunk has them.
	Arrivals []string `yaml:"arrivals,omitempty"`

	Seed *int64 `yaml:"seed,omitempty"`

	// Zklab is the version of zklab that ran it (zklab.Version); for readers.
	Zklab string `yaml:"zklab,omitempty"`
}

// How clients run; see Experiment.ClientsAs.
const (
	Goroutine = "goroutine" // within zklab's own process
	Process   = "process"   // each in a process of its own
)

// Faults are the items of a fault expression (docs/faults.md). A file may have
// them as a list, or the expression as one text.
type Faults []string

// UnmarshalYAML reads either form.
func (f *Faults) UnmarshalYAML(decode func(any) error) error {
	var text string
	if err := decode(&text); err == nil {
		*f = Faults{text}
		return nil
	}
	return decode((*[]string)(f))
}

// Expression joins the items.
func (f Faults) Expression() string { return strings.Join(f, ",") }

// Scheduled is one fault of a schedule, at a time or at a point (docs/faults.md).
type Scheduled struct {
	At    time.Duration `yaml:"at,omitempty"`
	Point string        `yaml:"point,omitempty"`
	For   time.Duration `yaml:"for"`
	Fault string        `yaml:"fault"`
	// Seed fixes what the fault leaves to chance. Faults of one lane wait for each other;
	// in lane 0 nobody does.
	Seed uint64 `yaml:"seed,omitempty"`
	Lane int    `yaml:"lane,omitempty"`
}

// ReadExperiment reads an experiment file. Unknown fields are errors, with the
// place in the file.
func ReadExperiment(path string) (Experiment, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Experiment{}, fmt.Errorf("read experiment: %w", err)
	}
	x, err := parseExperiment(b)
	if err != nil {
		return x, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

func parseExperiment(b []byte) (x Experiment, err error) {
	if err := decode(b, &x); err != nil {
		return x, err
	}
	return x, fraction(b)
}

// WriteExperiment writes an experiment file.
func WriteExperiment(path string, x Experiment) error {
	b, err := marshalExperiment(x)
	if err != nil {
		return fmt.Errorf("write experiment: %w", err)
	}
	return WriteFile(path, b)
}

// marshalExperiment quotes what has tabs: the library writes some of it as it is,
// and leaves tabs out where it reads that.
func marshalExperiment(x Experiment) ([]byte, error) {
	return yaml.MarshalWithOptions(x, yaml.CustomMarshaler(func(s string) ([]byte, error) {
		if strings.Contains(s, "\t") {
			return json.Marshal(s)
		}
		return yaml.Marshal(s)
	}))
}
