import type { TagName } from '../../../formats/wbxml/pages.js';

/**
 * What a trace may show: elements by what their text must look like. Everything that is not here, and every text that looks
 * otherwise, is shown as its type and length alone, whatever a client put where.
 */
const LOOKS = {
  /** Numbers and flags. */
  number: /^-?\d{1,10}$/,
  /** A date, with or without a time, in either form (MS-ASDTYPE). */
  date: /^\d{4}-?\d\d-?\d\d(T\d\d:?\d\d:?\d\d(\.\d{1,3})?Z?)?$/,
  /** Collections and items as this server numbers them. */
  id: /^\d{1,19}(:\d{1,19})?$/,
  /** Keys as this server makes them. */
  key: /^(\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\})?\d{1,15}$/,
  /** What clients number their own items by. */
  token: /^\{?[0-9A-Fa-f-]{1,36}\}?$/,
  range: /^\d{1,9}-\d{1,9}$/,
  className: /^(Email|Tasks|Calendar|Contacts|Notes|SMS)$/,
  messageClass:
    /^(REPORT\.)?IPM\.(Note|StickyNote|Appointment|Task|Contact|Schedule\.Meeting|Notification\.Meeting|Infopath)(\.(SMIME|MultipartSigned|Request|Canceled|Resp|Pos|Neg|Tent|NDR|DR|IPNRN|IPNNRN|Forward))*$/,
  contentClass: /^urn:content-classes:(message|calendarmessage|appointment|contact|task|mailbox|smime)$/,
  store: /^(Mailbox|GAL|DocumentLibrary|Document Library)$/i,
  policyType: /^MS-(EAS-Provisioning-WBXML|WAP-Provisioning-XML)$/,
} as const;

// biome-ignore format: a table of names
const TAGS: { readonly [look in keyof typeof LOOKS]: readonly TagName[] } = {
  key: ['AirSync:SyncKey', 'FolderHierarchy:SyncKey'],
  token: ['AirSync:ClientId', 'ComposeMail:ClientId', 'AirSyncBase:ClientId', 'Find:SearchId'],
  id: [
    'AirSync:ServerId', 'AirSync:CollectionId', 'Ping:Id', 'GetItemEstimate:CollectionId', 'FolderHierarchy:ServerId',
    'FolderHierarchy:ParentId', 'Move:SrcMsgId', 'Move:SrcFldId', 'Move:DstFldId', 'Move:DstMsgId', 'MeetingResponse:CollectionId',
    'MeetingResponse:RequestId', 'MeetingResponse:CalendarId', 'ComposeMail:FolderId', 'ComposeMail:ItemId', 'ItemOperations:DstFldId',
  ],
  className: ['AirSync:Class', 'Ping:Class', 'GetItemEstimate:Class'],
  messageClass: ['Email:MessageClass', 'Notes:MessageClass'],
  contentClass: ['Email:ContentClass'],
  store: ['Search:Name', 'ItemOperations:Store'],
  policyType: ['Provision:PolicyType'],
  range: ['Search:Range', 'ItemOperations:Range', 'Find:Range'],
  date: [
    'Email:DateReceived', 'Email:DtStamp', 'Email:StartTime', 'Email:EndTime', 'Email:RecurrenceId', 'Email:CompleteTime', 'Email:Until',
    'Email2:LastVerbExecutionTime', 'Calendar:DtStamp', 'Calendar:StartTime', 'Calendar:EndTime', 'Calendar:ExceptionStartTime',
    'Calendar:Until', 'Calendar:AppointmentReplyTime', 'Tasks:DateCompleted', 'Tasks:DueDate', 'Tasks:UtcDueDate', 'Tasks:Until',
    'Tasks:Start', 'Tasks:ReminderTime', 'Tasks:StartDate', 'Tasks:UtcStartDate', 'Tasks:OrdinalDate', 'Notes:LastModifiedDate',
    'MeetingResponse:InstanceId', 'MeetingResponse:ProposedStartTime', 'MeetingResponse:ProposedEndTime', 'AirSyncBase:InstanceId',
    'ComposeMail:InstanceId', 'ResolveRecipients:StartTime', 'ResolveRecipients:EndTime', 'Settings:StartTime', 'Settings:EndTime',
    'GetItemEstimate:DateTime',
  ],
  number: [
    'AirSync:Status', 'AirSync:GetChanges', 'AirSync:WindowSize', 'AirSync:FilterType', 'AirSync:Conflict', 'AirSync:DeletesAsMoves',
    'AirSync:MIMESupport', 'AirSync:MIMETruncation', 'AirSync:Wait', 'AirSync:Limit', 'AirSync:ConversationMode', 'AirSync:MaxItems',
    'AirSync:HeartbeatInterval', 'AirSync:Truncation', 'AirSync:RTFTruncation', 'Email:Importance', 'Email:Read', 'Email:AllDayEvent',
    'Email:InstanceType', 'Email:BusyStatus', 'Email:Reminder', 'Email:ResponseRequested', 'Email:Type', 'Email:Occurrences',
    'Email:Interval', 'Email:DayOfWeek', 'Email:DayOfMonth', 'Email:WeekOfMonth', 'Email:MonthOfYear', 'Email:Sensitivity',
    'Email:InternetCPID', 'Email:Status', 'Email:DisallowNewTimeProposal', 'Email:AttSize', 'Email:AttMethod', 'Email:BodySize',
    'Email:BodyTruncated', 'Email:MIMETruncated', 'Email:MIMESize', 'Email2:LastVerbExecuted', 'Email2:ReceivedAsBcc', 'Email2:IsDraft',
    'Email2:CalendarType', 'Email2:IsLeapMonth', 'Email2:FirstDayOfWeek', 'Email2:MeetingMessageType', 'Calendar:AllDayEvent',
    'Calendar:BusyStatus', 'Calendar:Deleted', 'Calendar:MeetingStatus', 'Calendar:Type', 'Calendar:Occurrences', 'Calendar:Interval',
    'Calendar:DayOfWeek', 'Calendar:DayOfMonth', 'Calendar:WeekOfMonth', 'Calendar:MonthOfYear', 'Calendar:Reminder',
    'Calendar:Sensitivity', 'Calendar:AttendeeStatus', 'Calendar:AttendeeType', 'Calendar:DisallowNewTimeProposal',
    'Calendar:ResponseRequested', 'Calendar:ResponseType', 'Calendar:CalendarType', 'Calendar:IsLeapMonth', 'Calendar:FirstDayOfWeek',
    'Calendar:BodyTruncated', 'Calendar:AttSize', 'Move:Status', 'GetItemEstimate:Estimate', 'GetItemEstimate:Status',
    'FolderHierarchy:Type', 'FolderHierarchy:Status', 'FolderHierarchy:Count', 'MeetingResponse:Status', 'MeetingResponse:UserResponse',
    'Tasks:Complete', 'Tasks:Importance', 'Tasks:Type', 'Tasks:Occurrences', 'Tasks:Interval', 'Tasks:DayOfMonth', 'Tasks:DayOfWeek',
    'Tasks:WeekOfMonth', 'Tasks:MonthOfYear', 'Tasks:Regenerate', 'Tasks:DeadOccur', 'Tasks:ReminderSet', 'Tasks:Sensitivity',
    'Tasks:CalendarType', 'Tasks:IsLeapMonth', 'Tasks:FirstDayOfWeek', 'Tasks:BodySize', 'Tasks:BodyTruncated', 'Contacts:BodySize',
    'Contacts:BodyTruncated', 'ResolveRecipients:Status', 'ResolveRecipients:Type', 'ResolveRecipients:CertificateRetrieval',
    'ResolveRecipients:RecipientCount', 'ResolveRecipients:MaxCertificates', 'ResolveRecipients:MaxAmbiguousRecipients',
    'ResolveRecipients:CertificateCount', 'ResolveRecipients:MaxSize', 'ResolveRecipients:MaxPictures', 'ValidateCert:CheckCRL',
    'ValidateCert:Status', 'Ping:Status', 'Ping:HeartbeatInterval', 'Ping:MaxFolders', 'Provision:PolicyKey', 'Provision:Status',
    'Provision:DevicePasswordEnabled', 'Provision:AlphanumericDevicePasswordRequired', 'Provision:RequireStorageCardEncryption',
    'Provision:PasswordRecoveryEnabled', 'Provision:AttachmentsEnabled', 'Provision:MinDevicePasswordLength',
    'Provision:MaxInactivityTimeDeviceLock', 'Provision:MaxDevicePasswordFailedAttempts', 'Provision:MaxAttachmentSize',
    'Provision:AllowSimpleDevicePassword', 'Provision:DevicePasswordExpiration', 'Provision:DevicePasswordHistory',
    'Provision:AllowStorageCard', 'Provision:AllowCamera', 'Provision:RequireDeviceEncryption', 'Provision:MaxCalendarAgeFilter',
    'Provision:AllowHTMLEmail', 'Provision:MaxEmailAgeFilter', 'Provision:MinDevicePasswordComplexCharacters', 'Search:Status',
    'Search:Total', 'Search:MaxSize', 'Search:MaxPictures', 'GAL:Status', 'AirSyncBase:Type', 'AirSyncBase:TruncationSize',
    'AirSyncBase:AllOrNone', 'AirSyncBase:EstimatedDataSize', 'AirSyncBase:Truncated', 'AirSyncBase:Method', 'AirSyncBase:IsInline',
    'AirSyncBase:NativeBodyType', 'AirSyncBase:Preview', 'AirSyncBase:Status', 'Settings:Status', 'Settings:OofState', 'Settings:Enabled',
    'Settings:EnableOutboundSMS', 'Settings:SendDisabled', 'ItemOperations:Status', 'ItemOperations:Total', 'ItemOperations:Part',
    'ComposeMail:Status', 'RightsManagement:RightsManagementSupport', 'Find:Status', 'Find:Total', 'Find:HasAttachments',
    'Find:MaxPictures', 'Find:MaxSize',
  ],
};

/** What the text of an element must look like to be shown; none: it never is. */
export const SHOWN: ReadonlyMap<TagName, RegExp> = new Map(
  Object.entries(TAGS).flatMap(([look, tags]) => tags.map((tag) => [tag, LOOKS[look as keyof typeof LOOKS]] as const)),
);
