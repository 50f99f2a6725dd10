/** casp's entity as SAP CAP says it: the same names, types, structure and address. */
namespace casp;

type ApplicationPermissionsRequired : String enum {
  unknown; anonymous; guest; user; administrator; system; unknownFutureValue;
}

type SecurityVendorInformation {
  provider        : String;
  providerVersion : String;
  subProvider     : String;
  vendor          : String;
}

entity Profiles {
  key id                     : UUID;
      azureSubscriptionId    : String;
      azureTenantId          : String;
      createdDateTime        : Timestamp @cds.on.insert: $now;
      deploymentPackageUrl   : String;
      destinationServiceName : String;
      isSigned               : Boolean;
      lastModifiedDateTime   : Timestamp @cds.on.insert: $now  @cds.on.update: $now;
      manifest               : LargeString;
      name                   : String;
      permissionsRequired    : ApplicationPermissionsRequired;
      platform               : String;
      policyName             : String;
      publisher              : String;
      riskScore              : String;
      tags                   : array of String;
      type                   : String;
      vendorInformation      : SecurityVendorInformation;
}

@path: '/beta/security'
service Security {
  entity cloudAppSecurityProfiles as projection on Profiles;
}
