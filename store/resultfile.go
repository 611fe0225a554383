package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// ErrNoResult says that a run has no result: it was not finished, it is still
// going on, or it is a bare history.
var ErrNoResult = errors.New("the run has no result")

// ReadResult reads result.json; without one the error is an [ErrNoResult].
func (r *Run) ReadResult() (*Result, error) {
	if r.Bare() {
		return nil, fmt.Errorf("%s: %w", r.history, ErrNoResult)
	}
	b, err := os.ReadFile(r.Result())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: make one with zklab check", r.Dir, ErrNoResult)
	}
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	var result Result
	if err := json.Unmarshal(b, &result); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Result(), err)
	}
	return &result, nil
}

// WriteResult writes result.json as a whole: who reads it meanwhile sees the
// old one or the new one.
func (r *Run) WriteResult(result *Result) error {
	if r.Bare() {
		return fmt.Errorf("write the result of %s: it is no run's folder", r.history)
	}
	b, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return WriteFile(r.Result(), append(b, '\n'))
}
