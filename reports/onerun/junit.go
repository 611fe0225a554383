package onerun

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/stats/gates"
)

// The JUnit file has a test case for each property, and one for each gate. A violation is a failure, with the
// counterexample as its text. An undecided property is an error: as with the exit code, an
// undecided run must not look green. Measured properties decide nothing (unless the run is strict):
// their results are in system-out. A test case without a verdict is skipped, and so is a property
// that could not be checked.

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func junit(m *material.Run) ([]byte, error) {
	s := junitSuite{
		Name: "zklab." + m.Result.Recipe,
		Time: fmt.Sprintf("%.3f", m.End.Seconds()),
		Properties: []junitProperty{
			{"seed", fmt.Sprint(m.Result.Seed)}, {"replay", m.Result.Replay}, {"run", m.Place}, {"verdict", string(m.Result.Verdict)},
		},
	}
	for _, m := range material.MakersOf(m.Result) {
		s.Properties = append(s.Properties, junitProperty(m))
	}
	if !m.Result.Started.IsZero() {
		s.Timestamp = m.Result.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, p := range verdicts.Properties(m.Result) {
		s.add(caseOf(m, p))
	}
	if len(s.Cases) == 0 {
		s.add(junitCase{Class: s.Name, Name: "run", Time: "0", Error: &junitProblem{Message: "no property was checked", Type: "unknown"}})
	}
	for _, g := range m.Result.Gates {
		s.add(junitGate(s.Name, g))
	}
	for _, n := range m.Result.NotAvailable {
		if n.Kind == "property" {
			s.add(junitCase{Class: s.Name, Name: n.Name, Time: "0", Skipped: &junitProblem{Message: "not checked: " + n.Why}})
		}
	}
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(&buf)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return nil, err
	}
	buf.WriteByte('\n')
	return buf.Bytes(), nil
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func caseOf(m *material.Run, p verdicts.Property) junitCase {
	c := junitCase{Class: "zklab." + m.Result.Recipe, Name: p.Name, Time: "0"}
	message := p.Words()
	if reasons := p.Reasons(); len(reasons) > 0 {
		message = reasons[0]
	}
	switch {
	case p.Result == checker.Valid:
	case p.Result == checker.Violation && p.Decides(m.Result.Strict):
		c.Failure = &junitProblem{Message: message, Type: string(p.Result), Text: junitText(m, p)}
	case p.Result == checker.Unknown && p.Decides(m.Result.Strict):
		c.Error = &junitProblem{Message: message, Type: string(p.Result), Text: strings.Join(p.Reasons(), "\n")}
	case p.Result == checker.Unknown:
		c.Skipped = &junitProblem{Message: message}
	default:
		c.Out = "measured, does not decide: " + p.Words() + "\n" + strings.Join(p.Reasons(), "\n")
	}
	return c
}

// junitGate returns the case of a gate.
func junitGate(class string, g gates.Result) junitCase {
	c := junitCase{Class: class, Name: g.Gate, Time: "0"}
	problem := &junitProblem{Message: g.Text, Type: string(g.Result)}
	switch g.Result {
	case gates.Exceeded:
		c.Failure = problem
	case gates.Undecided:
		c.Error = problem
	}
	return c
}

// junitText returns the reason and counterexample of each violation, and the command that repeats
// the run.
func junitText(m *material.Run, p verdicts.Property) string {
	var b strings.Builder
	for _, v := range p.With(checker.Violation) {
		b.WriteString(Counterexample(m.History, v, Screen{}))
	}
	if m.Result.Replay != "" {
		fmt.Fprintf(&b, "\nreplay: %s\n", m.Result.Replay)
	}
	fmt.Fprintf(&b, "run: %s\n", m.Place)
	return b.String()
}
