// The queries that GraphiQL opens with, one tab each. The first three are also
// the questions on the landing page. A comment's first line is the question; the
// name is the operation's, and the tab's title.

export interface Example {
  /** The operation's name. */
  name: string;
  /** The question in plain words; later lines say what to look at. */
  comment: string;
  /** The GraphQL document. */
  document: string;
}

export const examples: readonly Example[] = [
  {
    name: 'Disease',
    comment: `Which trials studied critical limb ischaemia, and where does each source say so?
Every edge carries its evidence: the reference, and the place in it.`,
    document: `query Disease {
  disease(id: "condition:cli") {
    id
    label
    labels { text language role origin }
    narrower { edges { predicate node { id label } } }
    trials(first: 10) {
      totalCount
      edges {
        evidence { reference { id label } selectors { line start end } claims { id text } }
        node { id label phase enrollment { text } cellSources { nodes { label donor } } }
      }
    }
  }
}`,
  },
  {
    name: 'Conflict',
    comment: `Did all participants of the Dahbour trial improve?
The summary and the numbers are both kept; the link between them says OVERSTATES.`,
    document: `query Conflict {
  outcome(id: "claim:d2-dahbour-all-improved") {
    text
    reference { label }
    selector { line start end }
    conflicts { nodes { id explanation handling } }
    links {
      edges {
        roles
        node {
          id
          text
          ... on Outcome { nAffected { value } nTotal { value } measure { label benefit } direction }
        }
      }
    }
  }
}`,
  },
  {
    name: 'CellSources',
    comment: `Which cells were given in multiple sclerosis, narrower diseases included?
What the source does not say is null, and absences says so: the donor is never guessed.`,
    document: `query CellSources {
  trials(filter: {disease: {id: {selfOrDescendantsOf: "condition:ms"}}}) {
    totalCount
    nodes {
      label
      enrollment { text }
      absences { field reason }
      cellSources {
        edges {
          node { id label donor tissue { label } }
          evidence { reference { label } selector { line } }
        }
      }
    }
  }
}`,
  },
  {
    name: 'Outcomes',
    comment: `What was reported on EDSS, per arm, and with which statistics?
A lower EDSS is better: the direction and what it means are two fields.`,
    document: `query Outcomes {
  outcomes(filter: {measure: {id: {eq: "measure:edss"}}}) {
    totalCount
    nodes {
      id
      text
      trial { label }
      arms { edges { roles node { label n { text } } } }
      baseline { text }
      followUp { text }
      change { text derived }
      nAffected { value }
      nTotal { value }
      direction
      interpretation
      statistics
      flags
      note
    }
  }
}`,
  },
  {
    name: 'Contraindications',
    comment: `What rules treatment out, according to the Chinese consensus?`,
    document: `query Contraindications {
  claims(filter: {criterion: [EXCLUSION], about: {id: {eq: "source:consensus-limb"}}}) {
    totalCount
    nodes { id text confidence flags selector { line start end } }
  }
}`,
  },
  {
    name: 'Names',
    comment: `What do these names and numbers mean here?
An ambiguous name has several matches: nothing is guessed.`,
    document: `query Names {
  mapIds(terms: ["CLI", "重症肢体缺血", "MONDO:0019100", "Devic disease", "nobody"]) {
    term
    matches { by label { text language role origin } node { __typename id label } }
  }
}`,
  },
  {
    name: 'Meta',
    comment: `What is served, as of when, and where is it from?`,
    document: `query Meta {
  meta {
    apiVersion
    revision
    committedAt
    release
    counts { category count }
    sources { nodes { id label type version document { file sha256 codePoints } } }
  }
}`,
  },
];

/** exampleText returns what the editor shows: the comment, then the document. */
export function exampleText({ comment, document }: Example): string {
  return `${comment.replace(/^/gm, '# ')}\n\n${document}`;
}
