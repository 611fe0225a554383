// Package jsonlines keeps records of campaigns in files: a JSON value in each line.
package jsonlines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Add appends a value to a file, which it makes if it is missing. Processes that do so at once do not mix their lines:
// each line is one write.
func Add(file string, v any) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(v), f.Close())
}

// Read returns the values of a file, in their order; none if there is no file.
func Read[T any](file string) (all []T, err error) {
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	for in := json.NewDecoder(f); ; {
		var v T
		if err := in.Decode(&v); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, v)
	}
}
