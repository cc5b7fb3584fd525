// Espocrm translates the metadata of a module of EspoCRM, as it lies in a checkout, to a
// package of Formwork, and says what was translated and what was not.
//
//	go run ./examples/espocrm [-module Crm] [-languages en_US,zh_CN] CHECKOUT FOLDER
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"formwork/metadata"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "espocrm:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("espocrm", flag.ContinueOnError)
	module := flags.String("module", "Crm", "the module to translate")
	languages := flags.String("languages", "en_US,zh_CN", "the languages to take texts of, as EspoCRM names them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New("name the checkout to read and the folder to write")
	}
	from, err := open(flags.Arg(0), *module, strings.Split(*languages, ","))
	if err != nil {
		return err
	}
	documents, report, err := translate(from, *module)
	if err != nil {
		return err
	}
	if err := write(documents, flags.Arg(1)); err != nil {
		return err
	}
	report.print(out)
	return nil
}

// write writes the documents as a folder of a package, which must not be there.
func write(documents map[string]document, folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return fmt.Errorf("%s is there already", folder)
	}
	var read []metadata.Document
	for _, path := range sortedKeys(documents) {
		one, err := written(documents[path])
		if err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		read = append(read, one)
	}
	for path, raw := range metadata.WriteFiles(read) {
		file := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// written is a document as the platform keeps it.
func written(d document) (metadata.Document, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return metadata.Document{}, err
	}
	one, problems := metadata.Parse(raw)
	if len(problems) > 0 {
		return metadata.Document{}, problems[0]
	}
	return one, nil
}
