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
    comment: `Which trials tested cells in critical limb ischaemia, and where is each one stated?
Every edge carries its evidence: the reference, and the place in it.`,
    document: `query Disease {
  disease(id: "condition:cli") {
    id
    label
    labels {
      text
      language
      role
    }
    trials(first: 10) {
      totalCount
      edges {
        evidence {
          reference {
            title
          }
          selectors {
            start
            end
            line
          }
        }
        node {
          id
          label
          enrollment {
            value
            comparator
          }
        }
      }
    }
  }
}`,
  },
  {
    name: 'Conflicts',
    comment: `Where do the sources contradict each other?
Both statements are kept, side by side, each with its own reference.`,
    document: `query Conflicts {
  conflicts(first: 10) {
    totalCount
    nodes {
      id
      kind
      summary
      statements {
        id
        text
        polarity
        reference {
          title
        }
      }
    }
  }
}`,
  },
  {
    name: 'Outcomes',
    comment: `What was measured as amputation-free survival, in how many patients, and with what result?
A single-arm result has no comparator: the field says NOT_APPLICABLE and is never filled in.`,
    document: `query Outcomes {
  outcomes(
    first: 25
    filter: { measure: { eq: "measure:amputation-free-survival" } }
  ) {
    totalCount
    nodes {
      id
      text
      role
      timePoint {
        value
        unit
      }
      effect {
        measure
        value
        low
        high
      }
      reference {
        title
      }
    }
  }
}`,
  },
  {
    name: 'Trials',
    comment: `Which randomised trials of at least 40 patients are there, and what did their arms receive?
Bounds count only where they decide: "more than 30" is not "at least 40".`,
    document: `query Trials {
  trials(
    first: 20
    filter: { design: { eq: RANDOMISED }, enrollment: { gte: 40 } }
  ) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      label
      phase
      status
      arms {
        nodes {
          label
          role
          receives {
            nodes {
              label
            }
          }
        }
      }
    }
  }
}`,
  },
  {
    name: 'AnyNode',
    comment: `What is MONDO:0019100 here?
Every known name of a thing resolves: an ontology's id, a registry's number, a local slug.`,
    document: `query AnyNode {
  node(id: "MONDO:0019100") {
    __typename
    id
    ... on Disease {
      label
      xrefs {
        id
        match
      }
      outcomes(first: 5) {
        totalCount
        nodes {
          text
          polarity
        }
      }
    }
  }
}`,
  },
];

/** exampleText returns what the editor shows: the comment, then the document. */
export function exampleText({ comment, document }: Example): string {
  return `${comment.replace(/^/gm, '# ')}\n\n${document}`;
}
