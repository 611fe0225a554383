package process

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/zklab/zklab/internal/base/printable"
)

// A panic in a goroutine of a run ends the process, and Go's message names neither the seed nor the
// faults. So commands that make many runs note, before each run, the command that repeats it. The note
// is in a file that the supervising parent also has open, and the parent prints the last note.

// noteDescriptor is the descriptor of the note's file in a supervised child.
const noteDescriptor = 4

// underWay is the file in which the run under way is noted; nil means that it is not noted.
var underWay *os.File

// NoteRun notes the run that is about to begin, by the command that runs it again. If the note cannot
// be written, NoteRun ignores that: the note is then missing after a panic. Call it for one run at a
// time.
func NoteRun(command string) {
	if underWay != nil { // the rest of a longer, earlier note stays after the end of the line
		_, _ = underWay.WriteAt([]byte(command+"\n"), 0)
	}
}

// newNote returns the file for a child's note, which has already been removed from its folder; nil
// if there can be none.
func newNote() *os.File {
	f, err := os.CreateTemp("", "zklab-run-")
	if err != nil {
		return nil
	}
	_ = os.Remove(f.Name())
	return f
}

// tellRun names the run in which a child panicked.
func tellRun(note *os.File, stderr io.Writer) {
	const longest = 1 << 16
	text, err := io.ReadAll(io.NewSectionReader(note, 0, longest))
	if command, _, whole := strings.Cut(string(text), "\n"); err == nil && whole {
		fmt.Fprintf(stderr, "error: the panic was in this run: %s\n", printable.Text(command, longest))
	}
}
