package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"formwork/engine/api"
	"formwork/engine/job"
)

// importCommand imports a file through a running server.
type importCommand struct {
	server
	Options string `short:"f" required:"" type:"existingfile" help:"JSON file that says what the columns are: object, mode, key, fields."`
	File    string `arg:"" type:"existingfile" help:"CSV file, or workbook (.xlsx)."`
	DryRun  bool   `help:"Only tell what would happen."`
}

// shownReasons is how many refused rows are shown.
const shownReasons = 10

// Run imports, shows how far it is, and fails if a row was refused.
func (c *importCommand) Run(p *program) error {
	client, err := c.connect(p)
	if err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	im, err := client.startImport(p.ctx, options, c.File)
	if err != nil {
		return fmt.Errorf("importing %s: %w", filepath.Base(c.File), err)
	}
	line := newProgressLine(p.log)
	for im.State == job.Waiting || im.State == job.Running {
		select {
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		if err := client.call(p.ctx, http.MethodGet, "/imports/"+im.ID, nil, &im); err != nil {
			return err
		}
		line.show(fmt.Sprintf("%s: %d%%, %d created, %d updated, %d refused", im.Object, 100*im.Done/max(im.Total, 1), im.Created, im.Updated, im.Refused))
	}
	line.end()
	fmt.Fprintf(p.out, "%s: %d created, %d updated, %d unchanged, %d refused\n", im.Object, im.Created, im.Updated, im.Unchanged, im.Refused)
	if im.State != job.Done {
		return fmt.Errorf("the import ended as %s: %s", im.State, im.Detail)
	}
	if im.Refused > 0 {
		return errors.Join(fmt.Errorf("%s refused; all of them: GET %s/imports/%s/errors", plural(int(im.Refused), "row was", "rows were"), api.Prefix, im.ID), client.showRefused(p, im.ID))
	}
	return nil
}

// options reads the options file and adds what the command line says.
func (c *importCommand) options() ([]byte, error) {
	raw, err := os.ReadFile(c.Options)
	if err != nil {
		return nil, fmt.Errorf("reading the options: %w", err)
	}
	if !c.DryRun {
		return raw, nil
	}
	var options map[string]any
	if err := json.Unmarshal(raw, &options); err != nil {
		return nil, fmt.Errorf("reading the options: %w", err)
	}
	options["dry_run"] = true
	return json.Marshal(options)
}

// startImport sends a file as it is read.
func (c *client) startImport(ctx context.Context, options []byte, path string) (started api.Import, err error) {
	file, err := os.Open(path)
	if err != nil {
		return started, fmt.Errorf("opening the file: %w", err)
	}
	defer file.Close()
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() {
		err := form.WriteField("options", string(options))
		if err == nil {
			var part io.Writer
			if part, err = form.CreateFormFile("file", filepath.Base(path)); err == nil {
				_, err = io.Copy(part, file)
			}
		}
		if err == nil {
			err = form.Close()
		}
		to.CloseWithError(err)
	}()
	defer from.Close()
	return started, c.send(ctx, http.MethodPost, "/imports", form.FormDataContentType(), from, &started)
}

// showRefused prints the first refused rows.
func (c *client) showRefused(p *program, im string) error {
	var raw []byte
	if err := c.send(p.ctx, http.MethodGet, "/imports/"+im+"/errors", "", nil, &raw); err != nil {
		return err
	}
	rows := csv.NewReader(bytes.NewReader(raw))
	if _, err := rows.Read(); err != nil {
		return fmt.Errorf("reading the refused rows: %w", err)
	}
	for range shownReasons {
		cells, err := rows.Read()
		if err != nil {
			break
		}
		fmt.Fprintf(p.log, "  row %s: %s\n", cells[len(cells)-2], cells[len(cells)-1])
	}
	return nil
}
