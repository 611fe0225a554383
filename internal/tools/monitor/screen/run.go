package screen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/zklab/zklab/internal/base/paint"
)

// Run shows a source whose tree begins at root, until the user quits with q or Ctrl-C or ctx ends. It
// then returns nil. It returns an error if it cannot use the terminal. in and out must be a terminal,
// whose state Run restores. The caller handles signals, and ends ctx.
func Run(ctx context.Context, src Source, root string, in io.Reader, out io.Writer) error {
	options := []tea.ProgramOption{tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()}
	if paint.Refused() {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(newModel(src, root, time.Now), options...)
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return fmt.Errorf("cannot draw on the terminal: %w", err)
	}
	return nil
}
