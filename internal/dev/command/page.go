package command

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Marks are the lines around the text that a target of the Makefile writes into a page.
func Marks(target string) (begins, ends string) {
	return "<!-- made by make " + target + " -->\n", "<!-- end of what make " + target + " makes -->"
}

// WriteInto replaces the text between the marks of a target in a page.
func WriteInto(file, target, text string) error {
	begins, ends := Marks(target)
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begins)
	_, after, whole := strings.Cut(rest, ends)
	if !ok || !whole {
		return fmt.Errorf("%s has no marks for the table: %s and %s", file, strings.TrimSpace(begins), ends)
	}
	return os.WriteFile(file, []byte(before+begins+text+ends+after), 0o644)
}

// Publish prints a text, and a table of which the first row is the header. If a page is named, it puts the text into that
// page (see [WriteInto]), and the table into the file TARGET.csv beside the page.
func Publish(page, target, text string, table [][]string) error {
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(table); err != nil {
		return err
	}
	if page != "" {
		return errors.Join(WriteInto(page, target, text), os.WriteFile(filepath.Join(filepath.Dir(page), target+".csv"), b.Bytes(), 0o644))
	}
	_, err := fmt.Printf("%s\n%s", text, &b)
	return err
}
