// Package onerun presents a run to people and to other programs, without drawing plots: as pages, as a summary for the
// terminal, as a JUnit file and as annotations for GitHub. It reads only the run's history, result and transactions, so a
// report can be written again at any time, with the same output.
//
// [Render] writes the report of a run: report.html with its verdicts, story and tables, timeline.html and junit.xml. If
// the program imports package reports, its plots are part of the report; otherwise the page names the command that adds
// them. Without it, programs that test a recipe compile no library that draws.
package onerun

import "github.com/zklab/zklab/reports/internal/sheet"

// Screen describes the output for which text is formatted. The zero value is 80 columns wide, without colours.
type Screen = sheet.Screen
