// Package ui holds the built web application.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the files of the application: index.html, and under assets those whose names are
// hashes, each compressed beside it (.br, .gz). Before the application was built there is no
// index.html.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return files
}
