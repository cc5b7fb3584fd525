package mail

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes what is not UTF-8: GB18030, Big5, ISO 8859 …
	"github.com/emersion/go-message/mail"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

const (
	// MaxRaw is how many bytes a message has at most that is read.
	MaxRaw = 10 << 20

	maxHeader      = 256 << 10 // bytes of the header of a message, or of a part
	maxParts       = 100       // of a message
	maxNesting     = 10        // of parts in parts
	maxText        = 100_000   // characters of a text that are kept
	maxAttachments = 20
	maxSubject     = 500  // characters
	maxID          = 1000 // bytes
)

// Incoming is a message that was received, as far as it is kept: all texts are valid, and within bounds.
type Incoming struct {
	ID          string // without the angle brackets; "": it has none
	From        Address
	To, Cc      []Address // that can be read, at most MaxRecipients of each
	Subject     string
	Text        string // of the first part that is plain text, or else of the HTML
	HTML        string // of the first part that is HTML
	At          time.Time
	Follows     []string // ids of messages that it answers or follows from, the nearest first
	Automatic   bool     // a machine wrote it
	Bounce      *Bounce  // nil: it tells of none
	Attachments []Attachment
	Left        int // parts that were not kept: too many, or nested too deeply

	report   *Bounce // of one that is being read
	returned string  // the id of the message that it gives back
}

// Attachment is a part that is a file.
type Attachment struct {
	Name, Type string
	Body       []byte
}

// Bounce tells that a message did not arrive.
type Bounce struct {
	Of   []string // ids of messages, of which one is meant
	Said string   // why, as the mail system says it
	Hard bool     // nothing will arrive any more at one of those whom it was sent to
}

// Read reads a message. Whatever it holds, it ends, and takes no more memory than a few times its size. Fault mail.unreadable (Invalid) of
// what is no message, mail.too_large (TooLarge).
func Read(raw []byte) (*Incoming, error) {
	if len(raw) > MaxRaw {
		return nil, fault.New(fault.TooLarge, "mail.too_large", "limit", MaxRaw)
	}
	from := &metered{r: bytes.NewReader(raw), left: maxHeader + slack}
	e, err := message.ReadWithOptions(from, &message.ReadOptions{MaxHeaderBytes: maxHeader})
	from.left = MaxRaw
	if e == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, fault.New(fault.Invalid, "mail.unreadable")
	}
	in := &Incoming{}
	in.header(mail.Header{Header: e.Header})
	if in.From.Address == "" {
		return nil, fault.New(fault.Invalid, "mail.unreadable")
	}
	in.part(from, e, 0, new(int))
	if in.Text == "" {
		in.Text = textOf(in.HTML)
	}
	return in, nil
}

// metered is a message of which so many bytes may be read: while headers are read, few.
type metered struct {
	r    io.Reader
	left int
}

// slack is what readers take ahead.
const slack = 64 << 10

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooMuch
	}
	n, err := m.r.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

var errTooMuch = errors.New("a header of a message, or what a server for mail says, is too large")

// header reads who wrote to whom about what.
func (in *Incoming) header(h mail.Header) {
	if from := addresses(h, "From"); len(from) > 0 {
		in.From = from[0]
	}
	in.To, in.Cc = addresses(h, "To"), addresses(h, "Cc")
	subject, err := h.Subject()
	if err != nil {
		subject = h.Get("Subject")
	}
	in.Subject = short(OneLine(clean(subject)), maxSubject)
	if own := ids(h, "Message-Id"); len(own) > 0 {
		in.ID = own[0]
	} else {
		in.ID = idOf(h.Get("Message-Id"))
	}
	in.At, _ = h.Date()
	for _, id := range append(ids(h, "In-Reply-To"), ids(h, "References")...) {
		if !slices.Contains(in.Follows, id) {
			in.Follows = append(in.Follows, id)
		}
	}
	submitted := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted")))
	precedence := strings.ToLower(strings.TrimSpace(h.Get("Precedence")))
	in.Automatic = submitted != "" && submitted != "no" || precedence == "bulk" || precedence == "auto_reply" || precedence == "junk" || precedence == "list" ||
		h.Get("X-Autoreply") != "" || h.Get("X-Autorespond") != "" || h.Get("List-Id") != ""
}

// addresses are those of a header that can be read; a list of which one can't is read one by one.
func addresses(h mail.Header, name string) (all []Address) {
	parsed, err := h.AddressList(name)
	if err != nil {
		parsed = nil
		text, _ := h.Text(name)
		for one := range strings.SplitSeq(short(text, maxHeader), ",") {
			if a, err := mail.ParseAddress(strings.TrimSpace(one)); err == nil {
				parsed = append(parsed, a)
			}
		}
	}
	for _, one := range parsed[:min(len(parsed), MaxRecipients)] {
		if address, problem := fieldtype.Email(one.Address); problem == nil {
			all = append(all, Address{short(OneLine(clean(one.Name)), 100), address})
		}
	}
	return all
}

// ids are the message ids in a header, the last first. What people and machines write beside them is passed over.
func ids(h mail.Header, name string) (all []string) {
	text := h.Get(name)
	text = text[max(0, len(text)-maxReferences*maxID):]
	for len(all) < maxReferences {
		end := strings.LastIndexByte(text, '>')
		if end < 0 {
			break
		}
		begin := strings.LastIndexByte(text[:end], '<')
		if begin < 0 {
			break
		}
		if id := idOf(text[begin+1 : end]); id != "" {
			all = append(all, id)
		}
		text = text[:begin]
	}
	return all
}

// idOf is a message id as it is kept; "" for one that is none.
func idOf(id string) string {
	if id = OneLine(clean(id)); len(id) > maxID || strings.ContainsAny(id, " <>") {
		return ""
	}
	return id
}

// part reads a part and those within it.
func (in *Incoming) part(from *metered, e *message.Entity, depth int, seen *int) {
	if *seen++; *seen > maxParts || depth > maxNesting {
		in.Left++
		return
	}
	kind, params, err := e.Header.ContentType()
	if err != nil {
		kind = "text/plain"
	}
	if parts := e.MultipartReader(); parts != nil {
		if strings.EqualFold(kind, "multipart/report") && strings.EqualFold(params["report-type"], "delivery-status") {
			in.Automatic, in.report = true, &Bounce{Of: in.Follows}
		}
		for *seen <= maxParts {
			from.left = maxHeader + slack
			next, err := parts.NextPart()
			from.left = MaxRaw
			if next == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
				return // the end, or what can't be read further
			}
			in.part(from, next, depth+1, seen)
		}
		in.Left++
		return
	}
	in.leaf(e, strings.ToLower(kind))
}

// leaf reads a part that has none within it.
func (in *Incoming) leaf(e *message.Entity, kind string) {
	body, err := io.ReadAll(io.LimitReader(e.Body, MaxRaw))
	if err != nil && len(body) == 0 {
		return
	}
	disposition, _, _ := e.Header.ContentDisposition()
	name, _ := (&mail.AttachmentHeader{Header: e.Header}).Filename()
	attached := strings.EqualFold(disposition, "attachment") || name != ""
	switch {
	case in.report != nil && kind == "message/delivery-status":
		if in.report.diagnostic(body) {
			in.Bounce = in.report
		}
	case in.report != nil && in.returned == "" && (kind == "message/rfc822" || kind == "text/rfc822-headers" || kind == "message/rfc822-headers"):
		if in.returned = messageID(body); in.returned != "" {
			in.report.Of = append([]string{in.returned}, in.report.Of...)
		}
	case !attached && kind == "text/plain" && in.Text == "":
		in.Text = lines(body)
	case !attached && kind == "text/html" && in.HTML == "":
		in.HTML = lines(body)
	case !attached && strings.HasPrefix(kind, "text/"):
		in.Left++
	case len(in.Attachments) >= maxAttachments || len(body) == 0:
		in.Left++
	default:
		in.Attachments = append(in.Attachments, Attachment{nameOf(name, kind), short(clean(kind), 100), body})
	}
}

// nameOf is what a file is called.
func nameOf(name, kind string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) }), " ")
	if at := strings.LastIndexAny(name, `/\`); at >= 0 {
		name = name[at+1:]
	}
	if name != "" && name != "." && name != ".." {
		return short(name, 200)
	}
	name = "attachment"
	if known, err := mime.ExtensionsByType(kind); err == nil && len(known) > 0 {
		name += known[0]
	} else if kind == "message/rfc822" {
		name += ".eml"
	}
	return name
}

// diagnostic takes what the fields of a report say (RFC 3464); failed is false where it tells of nobody whom the message did not reach,
// but of a delay, or that it arrived.
func (b *Bounce) diagnostic(body []byte) (failed bool) {
	for group := range strings.SplitSeq(lines(body), "\n\n") { // one for each whom it was sent to
		action, status, code := "", "", ""
		for line := range strings.SplitSeq(group, "\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch strings.ToLower(name) {
			case "action":
				action = strings.ToLower(value)
			case "status":
				status = value
			case "diagnostic-code":
				code = value
			}
		}
		if action != "failed" && (action != "" || !strings.HasPrefix(status, "5")) {
			continue
		}
		if !failed {
			failed, b.Said = true, short(OneLine(cmp.Or(code, status)), maxSubject)
		}
		b.Hard = b.Hard || hard(status)
	}
	return failed
}

// hard reports whether a status says that nothing will arrive at an address any more: not that it would not take this message, or none of who
// sent it (RFC 3463).
func hard(status string) bool {
	status, _, _ = strings.Cut(status, " ") // a comment may follow
	if !strings.HasPrefix(status, "5.") || strings.HasPrefix(status, "5.6.") || strings.HasPrefix(status, "5.7.") {
		return false
	}
	return status != "5.2.2" && status != "5.2.3" && status != "5.3.4" // a full mailbox, a message that is too large
}

// messageID is the id of a message that is given whole, or with its header alone.
func messageID(body []byte) string {
	e, err := message.ReadWithOptions(io.MultiReader(bytes.NewReader(body[:min(len(body), maxHeader)]), strings.NewReader("\r\n\r\n")), &message.ReadOptions{MaxHeaderBytes: 2 * maxHeader})
	if e == nil || err != nil && errors.Is(err, io.EOF) {
		return ""
	}
	if own := ids(mail.Header{Header: e.Header}, "Message-Id"); len(own) > 0 {
		return own[0]
	}
	return ""
}

// lines is a text of several lines, as it is kept.
func lines(body []byte) string {
	return short(strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(clean(string(body)))), maxText)
}

// textOf is the text of HTML, a line for each block.
func textOf(markup string) string {
	var out strings.Builder
	hidden := 0
	for tokens := html.NewTokenizer(strings.NewReader(markup)); ; {
		kind := tokens.Next()
		token := tokens.Token()
		switch {
		case kind == html.ErrorToken:
			return short(strings.TrimSpace(blankLines.ReplaceAllString(out.String(), "\n\n")), maxText)
		case kind == html.TextToken && hidden == 0:
			out.WriteString(strings.Join(strings.Fields(" "+token.Data+" "), " "))
			out.WriteByte(' ')
		case token.DataAtom == atom.Script || token.DataAtom == atom.Style || token.DataAtom == atom.Head:
			if kind == html.StartTagToken {
				hidden++
			} else if kind == html.EndTagToken {
				hidden = max(0, hidden-1)
			}
		case block[token.DataAtom]:
			out.WriteByte('\n')
		}
	}
}

var blankLines = regexp.MustCompile(`[ \t]*\n[ \t\n]*\n[ \t]*`)

// block are the elements that stand on lines of their own.
var block = map[atom.Atom]bool{atom.P: true, atom.Br: true, atom.Div: true, atom.Li: true, atom.Tr: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.Table: true, atom.Blockquote: true,
	atom.Ul: true, atom.Ol: true, atom.Pre: true, atom.Hr: true}

// clean is a text that is valid, without control characters but for those that end lines, and tabs.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// short is the beginning of a text, of so many characters at most.
func short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most])
}
