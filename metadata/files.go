package metadata

import (
	"fmt"
	"io"
	"io/fs"
	"strings"

	"formwork/engine/fault"
)

// PackageSet is a package with its documents, that of kind package among them.
type PackageSet struct {
	Package   Package
	Documents []Document
}

// ReadPackage reads a folder of <kind>/<name>.json that is a package: one document
// of kind package, and no patches.
func ReadPackage(fsys fs.FS) (PackageSet, []*fault.Fault) {
	documents, problems := ReadFiles(fsys)
	if problems != nil {
		return PackageSet{}, problems
	}
	return PackageOf(documents)
}

// PackageOf is the package that documents are: one of kind package among them, and
// no patches.
func PackageOf(documents []Document) (PackageSet, []*fault.Fault) {
	var problems []*fault.Fault
	set := PackageSet{Documents: documents}
	packages := 0
	for _, d := range documents {
		if d.Hides() {
			problems = append(problems, fault.New(fault.Invalid, "metadata.null").Under(under(d.Key)))
			continue
		}
		for _, null := range d.Nulls() {
			problems = append(problems, null.Under(under(d.Key)))
		}
		if d.Kind != "package" {
			continue
		}
		packages++
		p, err := Decode[Package](d)
		if err != nil {
			problems = append(problems, fault.New(fault.Invalid, "metadata.bad_package").Because(err).Under(under(d.Key)))
			continue
		}
		set.Package = *p
	}
	if packages != 1 {
		problems = append(problems, fault.New(fault.Invalid, "metadata.one_package", "count", packages))
	}
	if problems != nil {
		return PackageSet{}, problems
	}
	return set, nil
}

// under is the prefix of pointers into a document among others.
func under(key Key) string { return "/" + key.Kind + "/" + key.Name }

// maxFiles is how many documents one folder may hold.
const maxFiles = 20_000

// ReadFiles reads a folder of <kind>/<name>.json: a package or one layer. A file
// that says null hides the document of its name. Problems point to
// /<kind>/<name> and on into the document; hidden files and *.md are passed by,
// everything else that is no document is a problem. The result is sorted.
func ReadFiles(fsys fs.FS) ([]Document, []*fault.Fault) {
	kinds, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, []*fault.Fault{fault.New(fault.Malformed, "metadata.unreadable", "path", ".").Because(err)}
	}
	var documents []Document
	var problems []*fault.Fault
	for _, kind := range kinds {
		if passed(kind.Name()) {
			continue
		}
		if !kind.IsDir() || !NamePattern.MatchString(kind.Name()) {
			problems = append(problems, fault.New(fault.Invalid, "metadata.unexpected_file", "path", shorten(kind.Name())))
			continue
		}
		files, err := fs.ReadDir(fsys, kind.Name())
		if err != nil {
			return nil, []*fault.Fault{fault.New(fault.Malformed, "metadata.unreadable", "path", kind.Name()).Because(err)}
		}
		for _, file := range files {
			path := kind.Name() + "/" + file.Name()
			name, isJSON := strings.CutSuffix(file.Name(), ".json")
			switch {
			case passed(file.Name()):
				continue
			case !isJSON || !file.Type().IsRegular() || !NamePattern.MatchString(name):
				problems = append(problems, fault.New(fault.Invalid, "metadata.unexpected_file", "path", shorten(path)))
				continue
			case len(documents) == maxFiles:
				return nil, []*fault.Fault{fault.New(fault.TooLarge, "metadata.too_many_files", "max", maxFiles)}
			}
			d, wrong := readFile(fsys, path, Key{kind.Name(), name})
			documents = append(documents, d)
			problems = append(problems, wrong...)
		}
	}
	if problems != nil {
		return nil, problems
	}
	sortDocuments(documents)
	return documents, nil
}

func passed(name string) bool { return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".md") }

func readFile(fsys fs.FS, path string, key Key) (Document, []*fault.Fault) {
	raw, err := readLimited(fsys, path)
	if err != nil {
		return Document{}, []*fault.Fault{fault.New(fault.Malformed, "metadata.unreadable", "path", path).Because(err).Under(under(key))}
	}
	if strings.TrimSpace(string(raw)) == "null" {
		return Hide(key), nil
	}
	d, problems := Parse(raw)
	if problems == nil && d.Key != key {
		problems = []*fault.Fault{fault.New(fault.Invalid, "metadata.misplaced", "path", path, "key", d.Key.String())}
	}
	for _, problem := range problems {
		problem.Under(under(key))
	}
	return d, problems
}

// readLimited reads at most one byte more than a document may have.
func readLimited(fsys fs.FS, path string) ([]byte, error) {
	file, err := fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxWritten+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return raw, nil
}

// WriteFiles gives the content of every document's file by its path, the reverse
// of ReadFiles.
func WriteFiles(documents []Document) map[string][]byte {
	files := make(map[string][]byte, len(documents))
	for _, d := range documents {
		files[d.Kind+"/"+d.Name+".json"] = d.File()
	}
	return files
}
