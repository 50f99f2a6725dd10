/** The words of the filter form. */
export const strings = {
  property: 'Property',
  operator: 'Condition',
  value: 'Value',
  values: 'Values, one on each line',
  ignoreCase: 'Ignore upper and lower case',
  common: 'Often used',
  properties: 'Properties',
  cancel: 'Cancel',
  apply: 'Apply',
  yes: 'Yes',
  no: 'No',
} as const;
