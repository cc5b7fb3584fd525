package printing

import "time"

// Within sets how long a document of a printer may take.
func Within(p *Printer, d time.Duration) { p.longest = d }
