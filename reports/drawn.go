package reports

// drawn is a plot, or the reason why there is none.
type drawn struct {
	file   string
	title  string
	figure *figure
	absent string
}

// files returns the names of the plot's files.
func (d drawn) files() (svg, png string) { return d.file + ".svg", d.file + ".png" }
