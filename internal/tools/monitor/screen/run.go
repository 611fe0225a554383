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

// Run shows a source whose tree begins at root until the user quits, by q or Ctrl-C, or ctx
// ends, which is no error. in and out are a terminal's, and are as they were afterwards.
// Signals are the caller's business, by ctx.
func Run(ctx context.Context, src Source, root string, in io.Reader, out io.Writer) error {
	options := []tea.ProgramOption{tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()}
	if paint.Refused() {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(newModel(src, root, time.Now), options...)
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return fmt.Errorf("drawing on the terminal: %w", err)
	}
	return nil
}
