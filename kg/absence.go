package kg

// Absences returns the empty fields of the Disease with the reasons.
func (n *Disease) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Concept with the reasons.
func (n *Concept) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Measure with the reasons.
func (n *Measure) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the CellSource with the reasons.
func (n *CellSource) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Intervention with the reasons.
func (n *Intervention) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Trial with the reasons.
func (n *Trial) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Arm with the reasons.
func (n *Arm) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Outcome with the reasons.
func (n *Outcome) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Claim with the reasons.
func (n *Claim) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Conflict with the reasons.
func (n *Conflict) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Reference with the reasons.
func (n *Reference) Absences() []Silence { return Absences(n) }

// Absences returns the empty fields of the Agent with the reasons.
func (n *Agent) Absences() []Silence { return Absences(n) }
