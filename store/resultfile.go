package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/printable"
)

// ErrNoResult reports that a run has no result: it did not finish, is still going on, or is a bare
// history.
var ErrNoResult = errors.New("the run has no result")

// ReadResult reads result.json. If the run has none, the error wraps [ErrNoResult].
func (r *Run) ReadResult() (*Result, error) {
	if r.Bare() {
		return nil, fmt.Errorf("%s: %w", r.history, ErrNoResult)
	}
	b, err := os.ReadFile(r.Result())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: %s", r.Dir, ErrNoResult, advice.MakeResult.Text())
	}
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	result, err := ParseResult(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Result(), err)
	}
	result.Replay = r.moved(result.Replay)
	return result, nil
}

// moved returns the command that repeats the run. If its folder has come from elsewhere, the command names the folder where
// it is now.
func (r *Run) moved(replay string) string {
	for _, c := range []struct{ words, now string }{{" replay ", r.Dir}, {" run --config ", r.Experiment()}} {
		program, path, is := strings.Cut(replay, c.words)
		if path = strings.Trim(path, "'"); !is || strings.Contains(program, " ") || strings.Contains(path, " --") {
			continue
		}
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return program + c.words + printable.Command(c.now)
		}
	}
	return replay
}

// ParseResult parses the content of a result.json. Its errors are one line long and name the line
// of the file where possible.
func ParseResult(text []byte) (*Result, error) {
	var result Result
	err := history.Unmarshal(text, &result)
	var wrong *history.JSONError
	switch {
	case errors.As(err, &wrong) && wrong.Offset > 0:
		return nil, fmt.Errorf("line %d: %w", lineOf(text, wrong.Offset), err)
	case err != nil:
		return nil, fmt.Errorf("no result: %w", err)
	}
	return &result, nil
}

// lineOf returns the line number of an offset, from 1.
func lineOf(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// WriteResult replaces result.json atomically: readers see either the old content or the new.
func (r *Run) WriteResult(result *Result) error {
	if r.Bare() {
		return fmt.Errorf("write the result of %s: it is not a run's folder", r.history)
	}
	b, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return WriteFile(r.Result(), append(b, '\n'))
}
