package figure

// Drawn is a plot, or the reason why there is none.
type Drawn struct {
	File   string
	Title  string
	Figure *Figure
	Absent string
}

// Files returns the names of the plot's files.
func (d Drawn) Files() (svg, png string) { return d.File + ".svg", d.File + ".png" }
